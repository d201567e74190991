#pragma once
// The functions behind the command table, one file each in commands/. Each returns the exit code: 0 done or nothing to
// do, 1 failed, 3 nothing to change where --exit-unchanged asks for it; a failure is thrown.

namespace belay::cli {

class Invocation;

int run_build(Invocation& in);
int run_deploy(Invocation& in);
int run_start(Invocation& in);
int run_set(Invocation& in);
int run_unset(Invocation& in);
int run_stop(Invocation& in);
int run_restart(Invocation& in);
int run_kill(Invocation& in);
int run_pause(Invocation& in);
int run_unpause(Invocation& in);
int run_rollback(Invocation& in);
int run_retry(Invocation& in);
int run_stable(Invocation& in);
int run_ls(Invocation& in);
int run_notify(Invocation& in);
int run_status(Invocation& in);
int run_ps(Invocation& in);
int run_port(Invocation& in);
int run_why(Invocation& in);
int run_plan(Invocation& in);
int run_apply(Invocation& in);
int run_unit_command(Invocation& in);
int run_render(Invocation& in);
int run_service(Invocation& in);
int run_check_image(Invocation& in);
int run_up(Invocation& in);
int run_create(Invocation& in);
int run_attach(Invocation& in);
int run_down(Invocation& in);
int run_run(Invocation& in);
int run_pull(Invocation& in);
int run_push(Invocation& in);
int run_cp(Invocation& in);
int run_top(Invocation& in);
int run_stats(Invocation& in);
int run_df(Invocation& in);
int run_events(Invocation& in);
int run_wait(Invocation& in);
int run_rm(Invocation& in);
int run_releases(Invocation& in);
int run_images(Invocation& in);
int run_volumes(Invocation& in);
int run_backup(Invocation& in);
int run_backups(Invocation& in);
int run_restore(Invocation& in);
int run_verify(Invocation& in);
int run_snapshot(Invocation& in);
int run_snapshots(Invocation& in);
int run_drill(Invocation& in);
int run_try(Invocation& in);
int run_logs(Invocation& in);
int run_shell(Invocation& in);
int run_exec(Invocation& in);
int run_config(Invocation& in);
int run_declare(Invocation& in);
int run_export(Invocation& in);
int run_history(Invocation& in);
int run_autostart(Invocation& in);
int run_start_all(Invocation& in);
int run_serve(Invocation& in);
int run_cleanup(Invocation& in);
int run_remove(Invocation& in);
int run_adopt(Invocation& in);
int run_forget(Invocation& in);
int run_import(Invocation& in);
int run_recover(Invocation& in);
int run_doctor(Invocation& in);
int run_completion(Invocation& in);
int run_as(Invocation& in);
int run_help(Invocation& in);
int run_version(Invocation& in);

}  // namespace belay::cli

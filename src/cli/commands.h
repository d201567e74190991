#pragma once
// The functions behind the command table, one file each in commands/. Each returns the exit code: 0 done or nothing to
// do, 1 failed, 3 nothing to change where --exit-unchanged asks for it; a failure is thrown.

namespace belay::cli {

class Invocation;

int run_completion(Invocation& in);
int run_as(Invocation& in);
int run_help(Invocation& in);
int run_version(Invocation& in);

}  // namespace belay::cli

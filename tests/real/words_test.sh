#!/bin/bash
# What people type by habit: it is done, or answered with the word that does it. Rows that need no engine are in
# tests/cli/habits_test.cpp.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# An app of the folder NAME, built there and running.
built_app() {  # NAME
  mkdir "$work/$1"
  cd "$work/$1" || fail 'no folder'
  image plain
  expect_done belay build "$1"
  expect_done belay start "$1" new
}
# refused_with CODE TEXT COMMAND…: TEXT is in what is said.
refused_with() {
  local code=$1 text=$2
  shift 2
  expect_refused "$code" "$@"
  [[ $err == *"$text"* ]] || fail "the answer to $*" "$text" "$err"
}

test_an_app_is_meant_where_none_is_named() {
  refused_with 2 'there are no apps yet' belay stop
  built_app "$app"
  # The folder's app.
  expect_done belay stop
  expect_err "this is about $app"
  expect_equal 'what runs' '' "$(running "$app")"
  expect_done belay start
  cd / || fail 'no folder'
  # The only one; but not for what replaces data, removes, or may mean a new one.
  expect_done belay status
  expect_done belay restart
  refused_with 2 "Which one? $app" belay remove
  refused_with 2 "Which one? $app" belay restore
  refused_with 2 "Which one? $app" belay deploy
  built_app "$app2"
  cd / || fail 'no folder'
  refused_with 2 "Which one? $app2, $app" belay stop
  refused_with 2 "Which one? $app2, $app" belay shell
  refused_with 2 "Which one? $app2, $app" belay snapshot
  # All of them.
  refused_with 1 'belay stop --all' belay stop all
  refused_with 2 '--all goes without names' belay stop "$app" --all
  expect_done belay stop --all
  expect_equal 'what runs' '' "$(running "$app")$(running "$app2")"
  expect_done belay start --all
  expect [ -n "$(running "$app")" ]
  expect [ -n "$(running "$app2")" ]
  expect_done belay logs
  expect_done belay images
  expect_out "$app.*"
  expect_done belay images --all --json
  expect_equal 'apps with images' "$(printf '%s\n' "$app" "$app2" | sort)" "$(jq -r '.images[].app' <<<"$out" | sort -u)"
  expect_done belay why
  expect_out 'all apps are as they should be'
  # Without a name, what is not needed of any app.
  expect_done belay build "$app" "$work/$app" --no-cache
  expect_done belay start "$app" new
  refused_with 2 'Give -y' belay cleanup
  expect_done belay cleanup --dry-run
  expect_out 'of 1 app; this frees up to .* of images'
  expect_done belay cleanup -y
  expect_out "$app is cleaned up"
  expect_done belay cleanup
  expect_out 'nothing to remove'
}

test_releases_and_lists_by_other_names() {
  built_app "$app"
  refused_with 2 "belay start $app new" belay start new "$app"
  refused_with 2 "$app has r1." belay start "$app" v2
  refused_with 2 "$app has r1." belay start "$app" newest
  refused_with 2 "$app has r1." belay rollback "$app" previous
  refused_with 1 'marked stable' belay rollback "$app" stable
  expect_done belay start "$app" 1
  expect_done belay stable "$app"
  echo two >rootfs/www/index.html
  expect_done belay deploy "$app"
  expect_out 'runs r2'
  expect_done belay rollback "$app" stable
  expect_out 'runs r1'
  expect_done belay rollback "$app" 1
  expect_done belay ls "$app"
  expect_out "$app .*r1"
  expect_out '^1 app: 1 up$|[[:space:]]1 app: 1 up$'
  expect_done belay ls -q
  expect_equal 'ls -q' "$app" "$out"
  expect_done belay list -a --format json
  expect_equal 'ls --format json' "$app" "$(jq -r '.apps[].name' <<<"$out")"
  refused_with 1 "Did you mean '$app'" belay ls "${app}x"
  expect_done belay autostart "$app" on
  expect_done belay autostart
  expect_out "$app +last"
  expect_done belay autostart "$app" off
  expect_done belay inspect "$app"
  expect_out '"services"'
  expect_done belay stat "$app"
  expect_done belay help jockler
  expect_out 'jockler'
  refused_with 2 "belay backup $app -o /mnt/usb" belay backup "$app" /mnt/usb
}

test_backups_by_id_as_the_latest_and_by_folder() {
  keeper
  expect_done belay backup --all
  local id
  id=$(belay backups --json | jq -r '.backups[0].id')
  expect [ "$id" = b1 ]
  expect_done belay backups
  expect_out "$id +$app"
  expect_done belay verify "$id"
  expect_done belay verify "$app"
  expect_err 'the backup is '
  write_notes second
  expect_done belay restore "$app" "$id"
  notes_say first
  newest_backup
  local way
  for way in latest "$backups" "$id"; do
    expect_done belay restore "$app" "$way" --dry-run
    expect_err "the backup is $backup"
  done
  expect_done belay restore "$id" --dry-run
  expect_done belay backup "$app" --keep 1
  refused_with 1 'there is no backup b1' belay restore "$app" b1
  refused_with 1 'belay backups --scan' belay restore "${app}none"
  mkdir empty
  refused_with 1 "there is no backup of $app in" belay restore "$app" empty
}

test_notices_are_tried_out() {
  cat >belay.conf <<END
notify_command = sh -c 'cat >$work/mail'
notify_format = mail
END
  expect_done belay notify --config belay.conf
  expect_equal 'where notices go' 'command sh' "$out"
  expect_done belay notify --test --config belay.conf
  expect grep -q '^Subject: \[belay\] test' mail
  echo "notify_command = false" >belay.conf
  refused_with 1 'exit code 1' belay notify --test --config belay.conf
  : >belay.conf
  refused_with 1 'nobody is told' belay notify --test --config belay.conf
}

run_tests "$@"

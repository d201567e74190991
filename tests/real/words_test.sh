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
  # The steps of each are counted from 1: they stand below its name.
  expect_done belay stop "$app" --dry-run
  expect_not_out 'to do for'
  expect_done belay stop "$app" "$app2" --dry-run
  expect_out "to do for $app:"
  expect_out "to do for $app2:"
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
  # Other scripts have containers on the same engine.
  expect_done belay why
  expect_not_out "$app"
  # Without a name, what is not needed of any app.
  expect_done belay build "$app" "$work/$app" --no-cache
  expect_done belay start "$app" new
  refused_with 2 'Give -y' belay cleanup --keep 0
  expect_done belay cleanup --keep 0 --dry-run
  expect_out 'of 1 app; this frees up to .* of images'
  expect_done belay cleanup --keep 0 -y
  expect_out "$app is cleaned up"
  expect_done belay cleanup --keep 0
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
  expect_equal 'ls --format json' "$app" "$(jq -r --arg p "$prefix" '.apps[].name | select(startswith($p))' <<<"$out")"
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

# fake_service PORT: takes whatever it is sent, and keeps each request as a line of JSON.
fake_service() {
  cat >"$place/service" <<'END'
#!/usr/bin/env python3
import http.server, json, sys
class Service(http.server.BaseHTTPRequestHandler):
    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(sys.argv[2], "a") as told:
            told.write(json.dumps({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}) + "\n")
        self.send_response(200 if self.headers.get("Authorization", "").endswith("right") else 403)
        self.end_headers()
    do_POST = do_PUT = take
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()
END
  background python3 "$place/service" "$1" "$work/told"
  eventually curl -s -o /dev/null "http://127.0.0.1:$1/"
}
# told JQ: holds for the last request.
told() { tail -n 1 told | jq -e "$1" >/dev/null || fail 'what the service was told' "$1" "$(tail -n 1 told)"; }
test_each_service_is_told_in_its_own_form() {
  local port format
  new_port port
  fake_service "$port"
  echo 'Authorization: Bearer right' >headers
  for format in json text ntfy gotify slack matrix; do
    printf '%s\n' "webhook = http://127.0.0.1:$port/at/$format" "webhook_format = $format" "webhook_headers = $work/headers" >belay.conf
    expect_done belay notify --test --config belay.conf
    expect_out "127.0.0.1:$port"
    told '.headers.Authorization == "Bearer right"'
    case $format in
      json) told '.method == "POST" and .path == "/at/json" and (.body | fromjson | .event == "test" and has("host") and has("text"))' ;;
      text) told '.method == "POST" and (.headers["Content-Type"] | startswith("text/plain")) and (.body | contains("test"))' ;;
      ntfy) told '.method == "POST" and .path == "/at/ntfy" and (.headers.Title | contains("test")) and .headers.Priority and (.body | length > 0)' ;;
      gotify) told '.body | fromjson | (.title | contains("test")) and (.message | length > 0) and (.priority | type == "number")' ;;
      slack) told '.body | fromjson | .text | contains("test")' ;;
      matrix) told '.method == "PUT" and (.path | startswith("/at/matrix/")) and (.body | fromjson | .msgtype == "m.text" and (.body | length > 0))' ;;
    esac
  done
  # A service that does not take it is named, and the token is not.
  echo 'Authorization: Bearer wrong' >headers
  refused_with 1 '403' belay notify --test --config belay.conf
  expect_not grep -q 'Bearer' <<<"$out$err"
  printf '%s\n' 'webhook = http://127.0.0.1:1/x' 'webhook_format = ntyf' >belay.conf
  refused_with 1 'ntfy' belay notify --test --config belay.conf
}
# block TEXT: the block of the page about alerts in which that stands.
block() {
  awk -v text="$1" '/^```/ { if (inside && index(block, text)) printf "%s", block; inside = !inside && /^```[a-z]/; block = ""; next }
    inside { block = block $0 "\n" }' "$here/../../docs/howto/alerts.md"
}
test_the_recipes_of_the_page_about_alerts_tell() {
  local port
  new_port port
  fake_service "$port"
  echo 'Authorization: Bearer right' >headers
  block 'webhook_format = ntfy' | sed "s|https://ntfy.example/|http://127.0.0.1:$port/|; s|/etc/belay/webhook-headers|$work/headers|" >belay.conf
  expect_done belay notify --test --config belay.conf
  told '.path == "/my-hosts" and (.headers.Title | contains("test"))'
  # Stand-ins, which keep what they are given.
  local program
  for program in msmtp logger; do
    printf '#!/bin/sh\necho "$@" >%s\ncat >>%s\n' "$work/$program" "$work/$program" >"$place/bin/$program"
    chmod +x "$place/bin/$program"
  done
  block 'notify_format = mail' >belay.conf
  expect_done belay notify --test --config belay.conf
  expect_equal 'the recipient' ops@example.org "$(head -n 1 msmtp)"
  expect grep -q '^Subject: \[belay\] test' msmtp
  block tell-ops >program
  echo "notify_command = sh $work/program" >belay.conf
  expect_done belay notify --test --config belay.conf
  expect_equal 'its options' '-t belay' "$(head -n 1 logger)"
  expect grep -q ': test: this is a test' logger
}

# fake_ssh: for Belay's ssh, a program that leads to the engine, whatever host is asked for; "nowhere" is refused.
fake_ssh() {
  cat >"$place/ssh" <<'END'
#!/usr/bin/env python3
import os, socket, sys, threading
open(os.environ["HOME"] + "/asked", "a").write(" ".join(sys.argv[1:]) + "\n")
if "nowhere" in sys.argv:
    sys.exit("ssh: Could not resolve hostname nowhere")
engine = socket.socket(socket.AF_UNIX)
engine.connect(os.environ["DOCKER_HOST"][len("unix://"):])
def up():
    while data := os.read(0, 65536):
        engine.sendall(data)
    engine.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := engine.recv(65536):
    os.write(1, data)
END
  chmod +x "$place/ssh"
  export BELAY_SSH="$place/ssh -F none"
}

test_an_engine_behind_ssh() {
  fake_ssh
  build_image far
  expect_done belay -H ssh://me@box deploy "$app" --image "$prefix-image:far"
  expect grep -q -- '-F none .*-l me -- box docker system dial-stdio' "$HOME/asked"
  is_up "$(running "$app")" || fail 'the app does not run'
  expect_done belay -H ssh://box shell "$app" echo hello
  expect_equal 'what it said' hello "$out"
  expect_done belay -H ssh://box logs "$app"
  expect_done belay -H ssh://box stop "$app" --json
  expect_equal 'the outcome' 'done' "$(jq -r '.changes[0].outcome' <<<"$out")"
  refused_with 1 'Could not resolve hostname nowhere' belay -H ssh://nowhere ls
  # Nothing of it is left running.
  expect_equal 'programs left' '' "$(pgrep -f "$place/ssh" || true)"
}

test_what_was_done_is_told_once() {
  build_image one
  new_port port
  expect_done belay deploy "$app" --image "$prefix-image:one" --json
  expect_equal 'outcome and release' 'done r1' "$(jq -r '.changes[0] | .outcome + " " + .running' <<<"$out")"
  expect_done belay stop "$app"
  expect_out 'is stopped, .*s$'
  expect_done belay history "$app"
  expect_out 'stop +done'
  expect_not grep -q started <<<"$out"
  expect_done belay history "$app" --since 10m
  expect_done belay history "$app" --until 10m
  expect_no_out
  # Times are those of the reader.
  expect_done env TZ=UTC-5 belay history "$app" -n 1
  local here=${out##*$'\n'}
  expect_done env TZ=UTC-5 belay history "$app" -n 1 --utc
  expect [ "${here:0:16}" != "${out##*$'\n'}" ]
  background belay history "$app" -f >"$place/followed"
  eventually grep -q deploy "$place/followed"
  expect_done belay start "$app"
  eventually grep -q 'start .*r1  done' "$place/followed"
  kill -INT "$pid"
  ended "$pid"
}

run_tests "$@"

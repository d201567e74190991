#!/bin/bash
# Tests of units on a real engine: they come up beside what is in use, answer for themselves and are gone afterwards,
# also when they fail or are interrupted; updates, whose images only get their names when the tests pass.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_WAIT_TIMEOUT=15s

# A server that answers over HTTP and TLS, from the host's own openssl.
tls_image() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=git.example \
    -addext subjectAltName=DNS:git.example 2>/dev/null || fail 'no certificate'
  mkdir -p tls/rootfs
  local program
  program=$(command -v openssl)
  (
    cd tls && image web 8080 'My personal git repositories'
    linked_program rootfs "$program" /usr/bin
    cp ../cert.pem ../key.pem rootfs/www/
    # shellcheck disable=SC2016
    printf 'trap "exit 0" TERM\ncd /www\n/usr/bin/openssl s_server -accept 8443 -cert cert.pem -key key.pem -WWW -quiet &\nhttpd -f -p 8080 -h /www &\nwait $!\n' >rootfs/start
    tar -C rootfs -cf ../rootfs.tar .
  )
  api POST "/images/create?fromSrc=-&repo=$prefix-image&tag=tls&changes=ENV+PATH%3D/bin&changes=WORKDIR+/tmp" \
    -H 'Content-Type: application/x-tar' --data-binary @rootfs.tar >made
  image_exists "$prefix-image:tls" || fail "no image: $(<made)"
}

# The unit in ./conf: a data container, a server with its volumes at a published port, a job.
configuration() {
  image_exists "$prefix-image:tls" || tls_image
  mkdir -p conf/units/"$app"
  export DOCKERSTRA_CONF=$PWD/conf
  cp cert.pem conf/
  new_port port
  cat >conf/units/"$app"/start.yaml <<END
${app}-data:
  create: {image: "$prefix-image:tls", volumes: [/repos], entrypoint: [sh, -c, "date >/repos/made"]}
${app}-git:
  create: {image: "$prefix-image:tls", command: [sh, /start]}
  start: {volumes_from: ${app}-data, port_bindings: {8080: $port}}
  daemon:
    - GET: {url: "https://git.example:8443/index.html", status: 200, re.match: "personal git", cert: "\${DOCKERCONF}/cert.pem"}
    - GET: {url: "http://{{.Network.IPAddress}}(${app}-git):8080", status: 200, re.match: "${1:-personal git}", retries: 2, interval: 200ms}
    - TCP: {url: "${app}-git:8443"}
  tests:
    inside: {execute: [sh, -c, "test -f /repos/made && echo seen >report.txt && mkdir -p html && echo 1 >html/a"], files: ["rep*.txt", html/], capture_logs: true}
    apart:
      execute: [sh, -c, "wget -q -O - http://${app}-git:8080/ && cat /given/file; exit ${2:-0}"]
      extra: {binds: {"$PWD/given": {bind: /given, ro: false}}}
      capture_logs: true
    slow: {execute: [sleep, "1000"]}
${app}-job:
  create: {image: "$prefix-image:tls", entrypoint: [sh, -c, "sleep 0.2; echo Success; exit 4"]}
  start: {links: {${app}-git: git}}
  job: {exit_code: 4, logs: [{re.match: Success}]}
---
- ${app}-data: {command: create}
- ${app}-git: {command: start, timeout: 1}
- ${app}-job: {command: start}
END
  mkdir -p given && echo given >given/file
}
nothing_of_tests() { [[ $(
  world
  api GET /networks | jq -r '.[].Name'
) != *"belay-test-$app"* ]]; }

test_a_unit_is_tested_beside_what_is_in_use() {
  configuration
  # The port and the name are taken by others.
  post "/containers/create?name=$app-git" "{\"Image\": \"$prefix-image:tls\", \"Entrypoint\": [\"sleep\", \"1000\"],
    \"ExposedPorts\": {\"80/tcp\": {}}, \"HostConfig\": {\"PortBindings\": {\"80/tcp\": [{\"HostPort\": \"$port\"}]}}}" >/dev/null
  api POST "/containers/$app-git/start" >/dev/null
  local before
  before=$(world)
  expect_done belay unit run --dry-run "$app/test:check"
  expect_out "$app-git +GET https://git.example:8443/index.html +planned"
  expect_done belay unit run --junit junit.xml "$app/test:full:check"
  expect_out "$app-data +create +passed"
  expect_out "$app-git +GET https://git.example:8443/index.html +passed"
  expect_out "$app-git +GET $app-git:8080/ +passed"
  expect_out "$app-git +TCP $app-git:8443 +passed"
  expect_out "$app-job +job +passed"
  expect_out "$app-git +remove +passed"
  expect_err "passed  $app-git: start"
  expect_equal 'nothing stays' "$before" "$(world)"
  expect grep -q "testsuite name=\"$app/test:full:check\".*failures=\"0\"" junit.xml
}

test_a_case_that_fails_is_told_what_tests_make_is_kept_and_all_else_is_removed() {
  configuration 'no such page' 7
  local before
  before=$(world)
  run belay unit run --json --junit junit.xml --output kept "$app/test:check:inside:apart"
  expect_exit 1
  expect_equal 'the results' "failed failed" "$(jq -r '[.cases[] | select(.result != "passed") | .result] | join(" ")' <<<"$out")"
  expect_equal 'passed' false "$(jq -r .passed <<<"$out")"
  expect_equal 'why' "the command ended with exit code 7" "$(jq -r '.cases[-1].reason' <<<"$out")"
  expect_equal 'its log' "My personal git repositories given" "$(jq -r '.cases[-1].log_tail' <<<"$out" | paste -sd' ')"
  expect grep -q 'failure message="GET' junit.xml
  expect_equal 'the report' seen "$(<kept/inside/"$app"-git/report.txt)"
  expect_equal 'a folder' 1 "$(<kept/inside/"$app"-git/html/a)"
  expect_equal 'the log' 'My personal git repositories given' "$(paste -sd' ' kept/apart/"$app"-git/test.log)"
  expect [ -f kept/apart/"$app"-git/environment.yaml ]
  post "/containers/create?name=$app-look" "{\"Image\": \"$prefix-image:tls\", \"Entrypoint\": [\"cat\", \"/test_data/tests/inside/$app-git/report.txt\"],
    \"HostConfig\": {\"Binds\": [\"test_data:/test_data\"]}}" >/dev/null
  api POST "/containers/$app-look/start" >/dev/null
  eventually is_down "$app-look"
  expect_equal 'in the volume' 0 "$(inspect "$app-look" .State.ExitCode)"
  api DELETE "/containers/$app-look?force=1" >/dev/null
  api DELETE /volumes/test_data >/dev/null
  expect_equal 'nothing stays' "$before" "$(world)"
  expect nothing_of_tests
}

# A read-only mount keeps nobody from connecting.
test_a_test_reaches_no_socket_of_the_host() {
  image_exists "$prefix-image:tls" || tls_image
  mkdir -p conf/units/"$app" real other
  export DOCKERSTRA_CONF=$PWD/conf
  ln -s real alias
  # In earnest the server serves in a folder that its client shares, on both sides through another path.
  cat >conf/units/"$app"/start.yaml <<END
${app}-db:
  create: {image: "$prefix-image:tls", entrypoint: [/usr/bin/openssl, s_server, -unix, /run/sql/sock, -cert, /www/cert.pem, -key, /www/key.pem, -WWW, -quiet]}
  start: {binds: {"$PWD/real": {bind: /run/sql, ro: false}, "$PWD/other": {bind: /other, ro: false}}}
${app}-web:
  create: {image: "$prefix-image:tls", entrypoint: [sleep, "1000"]}
  start: {binds: {"$PWD/alias": {bind: /sql, ro: false}}}
  tests:
    asks: {execute: [sh, -c, "test -S /sql/sock && test ! -e /sql/of_the_host"]}
---
- ${app}-db: {command: start, timeout: 1}
- ${app}-web: {command: start, timeout: 1}
END
  expect_done belay unit run "$app"
  eventually [ -S real/sock ]
  local inode
  inode=$(stat -c %i real/sock)
  touch real/of_the_host
  expect_done belay unit run "$app/test:asks"
  expect_err 'sql is empty here'
  expect_equal 'the socket' "$inode" "$(stat -c %i real/sock)"
  expect nothing_of_tests
}

test_results_are_not_written_into_a_volume_of_somebody_else() {
  configuration
  post /volumes/create '{"Name": "test_data", "Labels": {"belay.app": "test"}}' >/dev/null
  at_end api DELETE /volumes/test_data
  expect_refused 1 belay unit run "$app/test:inside"
  expect_err '--output DIR'
  expect_refused 1 belay unit run --production "$app/test:inside"
  expect_done belay unit run --output "$PWD/kept" "$app/test:inside"
  expect_equal 'the report' seen "$(<kept/inside/"$app"-git/report.txt)"
  expect nothing_of_tests
}

test_the_unit_itself_is_tested_in_production() {
  configuration
  sed -i 's/exit 4"/exit 0"/; s/exit_code: 4/exit_code: 0/' conf/units/"$app"/start.yaml
  expect_refused 2 belay as docker_start run --production "$app/test:full"
  expect_err 'must be confirmed'
  expect_refused 2 belay unit run --production "$app/start"
  expect_done belay as docker_start run --production --output "$PWD/kept" "$app/test:check:inside:apart"
  expect_out "$app-git +start +passed"
  expect_out "$app-git +GET https://git.example:8443/index.html +passed"
  expect_out "$app-job +job +passed"
  expect_out "$app-git +apart +passed"
  expect is_up "$app-git"
  expect_equal 'the report' seen "$(<kept/inside/"$app"-git/report.txt)"
  expect_equal 'the log' 'My personal git repositories given' "$(paste -sd' ' kept/apart/"$app"-git/test.log)"
  expect nothing_of_tests
  expect_done belay unit run --production "$app/test"
  expect_out "$app-git +stop +passed"
  expect is_down "$app-git"
  sed -i 's/"personal git", retries/"no such page", retries/' conf/units/"$app"/start.yaml
  run belay unit run --production --json "$app/test:check"
  expect_exit 1
  expect_equal 'the case' failed "$(jq -r '[.cases[] | select(.case == "GET '"$app"'-git:8080/")][0].result' <<<"$out")"
  expect is_up "$app-git"
  expect_done belay unit run --production --yes-lose-data "$app" "$app/test:full"
  expect_not exists "$app-git"
  expect_not volume_exists "$app-data_repos"
  api DELETE /volumes/test_data >/dev/null
}

# What a test in production has done to the unit stays, as that of any command; what was there for the test alone goes.
test_a_test_in_production_that_is_killed_is_ended_by_the_next_command() {
  configuration
  sed -i 's/exit 4"/exit 0"/; s/exit_code: 4/exit_code: 0/; s/slow: {execute: \[sleep, "1000"\]/&, extra: {environment: {ALONE: "1"}}/' conf/units/"$app"/start.yaml
  background belay unit run --production "$app/test:slow" >"$place/told" 2>&1
  eventually exists "$app-data"
  kill -KILL "$pid"
  ended "$pid"
  expect_done belay unit run "$app"
  expect is_up "$app-git"
  local before
  before=$(world)
  background belay unit run --production "$app/test:slow" >"$place/told" 2>&1
  eventually alone_runs
  kill -KILL "$pid"
  ended "$pid"
  expect alone_runs
  expect_done belay unit run "$app"
  expect_equal 'the unit' "$before" "$(world)"
  # With all of it gone, too.
  background belay unit run --production --yes-lose-data "$app" "$app/test:full" >"$place/told" 2>&1
  eventually grep -q "passed  $app-git: stop" "$place/told"
  kill -KILL "$pid"
  ended "$pid"
  expect_done belay unit run "$app"
  expect is_up "$app-git"
  expect nothing_of_tests
}
alone_runs() { [[ $(world) == *"belay-execute-$app"* ]]; }

test_checks_are_asked_from_the_container_that_is_declared_for_it() {
  configuration
  sed -i "s/^---/e2e-check:\n  startup: {links: [[git.example, ${app}-git]]}\n---/" conf/units/"$app"/start.yaml
  local before
  before=$(world)
  expect_done belay unit run "$app/test:check"
  expect_out "$app-git +GET https://git.example:8443/index.html +passed"
  expect_out "$app-git +GET $app-git:8080/ +passed"
  expect_out "$app-git +TCP $app-git:8443 +passed"
  expect_equal 'nothing stays' "$before" "$(world)"
  # From there only what the links say is known by its name.
  sed -i 's/git.example:8443/other.example:8443/; s/retries: 2, interval: 200ms/retries: 0/; s/personal git", retries/nothing like it", retries/' conf/units/"$app"/start.yaml
  run belay unit run --timeout 6s "$app/test:check"
  expect_exit 1
  expect_err "nothing in it fits 'nothing like it'"
  expect_err 'it has not ended within 6 s; the last answer: GET https'
  expect_equal 'nothing stays' "$before" "$(world)"
}

test_a_test_that_is_interrupted_or_takes_too_long_leaves_nothing() {
  configuration
  local before
  before=$(world)
  # The limit counts for every case: long enough for the others on a busy machine.
  run belay unit run --timeout 15s "$app/test:slow"
  expect_exit 1
  expect_out "$app-git +slow +failed"
  expect_err 'it has not ended within 15 s'
  expect_equal 'nothing stays' "$before" "$(world)"
  background belay unit run "$app/test:slow" >"$place/told" 2>&1
  eventually grep -q "passed  $app-job: start" "$place/told"
  kill -INT "$pid"
  ended "$pid"
  expect_equal 'its exit code' 130 "$code"
  expect_equal 'nothing stays' "$before" "$(world)"
  # What is killed is removed by the next.
  background belay unit run "$app/test:slow" >"$place/told" 2>&1
  eventually grep -q "passed  $app-job: start" "$place/told"
  kill -KILL "$pid"
  ended "$pid"
  expect_not nothing_of_tests
  expect_done belay unit run "$app/test"
  expect_equal 'nothing stays' "$before" "$(world)"
}

test_an_update_moves_the_name_when_its_tests_pass_and_an_upgrade_takes_it() {
  build_image 1
  mkdir -p conf/units/"$app" conf/services/it
  export DOCKERSTRA_CONF=$PWD/conf
  printf 'FROM %s-image:1\nENV GOOD=1\nENTRYPOINT ["sleep", "1000"]\n' "$prefix" >conf/services/it/Dockerfile
  cat >conf/units/"$app"/start.yaml <<END
${app}-it:
  build: {path: services/it, tag: "$prefix-it:latest"}
  tests: {good: {execute: [sh, -c, 'test "\$GOOD" = 1']}}
---
- ${app}-it: {command: start, timeout: 1}
END
  cat >conf/units/"$app"/update.yaml <<END
import: $app/start
---
- ${app}-it: {command: build}
- ${app}-it: {command: execute, type: temporary, run: ['true']}
- host: {command: tests, tests: ["test:good"]}
END
  expect_done belay unit run "$app"
  local first container
  first=$(image_id "$prefix-it:latest")
  container=$(inspect "$app-it" .Id)
  expect_done belay unit run "$app/upgrade"
  expect_equal 'it is as it was' "$container" "$(inspect "$app-it" .Id)"
  sed -i 's/GOOD=1/GOOD=0/' conf/services/it/Dockerfile
  run belay unit run "$app/update"
  expect_exit 1
  expect_out "$app-it +good +failed"
  expect_equal 'the name stayed' "$first" "$(image_id "$prefix-it:latest")"
  sed -i 's/GOOD=0/GOOD=1\nENV NEWER=1/' conf/services/it/Dockerfile
  expect_done belay unit run "$app/update"
  expect_out "$app-it +build +passed"
  expect_out "$prefix-it:latest is the new image"
  expect_not [ "$first" = "$(image_id "$prefix-it:latest")" ]
  expect_not grep -q candidate <<<"$(world)"
  expect_equal 'it runs on' "$container" "$(inspect "$app-it" .Id)"
  expect_done belay unit run "$app/upgrade"
  expect_out "$app-it +start +done"
  expect_equal 'it runs with it' "$(image_id "$prefix-it:latest")" "$(image_of "$app-it")"
  expect_done belay unit run "$app/stop"
  expect_done belay unit run "$app/upgrade"
  expect is_down "$app-it"
  printf '%s-it: {build: {path: services/it}}\n---\n- host: {command: tests, tests: ["test:good"]}\n' "$app" >conf/units/"$app"/also.yaml
  expect_done belay as docker_start run "$app/also"
  expect_out "host +tests +done"
  expect nothing_of_tests
}

run_tests "$@"

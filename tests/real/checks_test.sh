#!/bin/bash
# Checks decide about releases: over HTTP and TLS, at a port, by a command; wherever they are written.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An image whose page is TEXT, without a health check.
page_image() {
  image web 8080 "$1"
  sed -i '/^HEALTHCHECK/d' Dockerfile
}
verdict_of() { belay releases "$app" --json | jq -r --arg r "$1" '.releases[] | select(.release == $r) | .verdict'; }

test_an_answer_with_the_right_words_lets_a_release_pass() {
  page_image 'all is ok'
  expect_done belay deploy "$app" --check 'GET :8080/ 200 ~is ok' --check 'TCP :8080' --check 'exec match=ok cat /www/index.html'
  expect_equal 'the verdict' passed "$(verdict_of r1)"
  expect_done belay config "$app"
  expect_out 'is ok'
}

test_an_answer_with_other_words_fails_it_and_what_ran_runs_again() {
  page_image 'all is ok'
  expect_done belay deploy "$app" --check 'GET :8080/ 200 ~is ok'
  first=$(running "$app")
  page_image 'Internal trouble'
  # The checks of the app stay: nothing has to be said again.
  run belay deploy "$app" --dry-run
  expect_out 'passes GET :8080/ 200 ~is ok'
  run belay deploy "$app" --wait-timeout 4s
  expect_exit 1
  expect_err 'GET http://[0-9.]+:8080/ answered 200, but nothing in it fits .is ok.'
  expect_err 'it answered: Internal trouble'
  expect_equal 'what runs' "$first" "$(running "$app")"
  expect_equal 'the verdict' failed "$(verdict_of r2)"
  run belay why "$app"
  expect_out 'nothing in it fits'
  run belay deploy "$app" --wait-timeout 4s --check 'GET :8080/missing 200 retries=1'
  expect_exit 1
  expect_err 'answered 404, expected 200'
}

test_a_port_that_nobody_opens_fails_it() {
  page_image hello
  run belay deploy "$app" --wait-timeout 3s --check 'TCP :8081'
  expect_exit 1
  expect_err 'TCP :8081 got no answer: connecting to [0-9.]+:8081: Connection refused'
  expect_done belay deploy "$app" --check 'TCP :8080'
}

test_a_command_decides() {
  page_image hello
  run belay deploy "$app" --wait-timeout 4s --check 'exec retries=1 cat /not/there'
  expect_exit 1
  expect_err 'ended with exit code 1, expected 0'
  run belay deploy "$app" --wait-timeout 4s --check 'exec retries=1 no-such-program'
  expect_exit 1
  expect_equal 'the verdict' failed "$(verdict_of r2)"
  expect_done belay deploy "$app" --check 'exec exit=1 cat /not/there'
}

test_bad_checks_change_nothing() {
  page_image hello
  expect_refused 1 belay deploy "$app" --check 'GTE :8080/'
  expect_err "is no check"
  expect_refused 1 belay deploy "$app" --check 'GET :8080/ ~(a'
  expect_err 'no regular expression'
  echo '{"check": {"GET": ":8080/", "staus": 200}}' >"jockler-$app"
  expect_refused 1 belay deploy "$app"
  expect_err "jockler-$app:1:29: unknown key"
}

test_a_settings_file_has_them() {
  page_image hello
  echo '{"check": {"GET": ":8080/", "match": "goodbye"}}' >"jockler-$app"
  run belay deploy "$app" --wait-timeout 3s
  expect_exit 1
  expect_err "nothing in it fits 'goodbye'"
  echo '{"check": {"GET": ":8080/", "match": "hello"}}' >"jockler-$app"
  expect_done belay deploy "$app"
}

test_a_definition_has_them() {
  page_image hello
  expect_done belay build "$app-image"
  mkdir containers.d
  define() { echo "{\"image\": \"$app-image\", \"update\": {\"pull\": false}, \"wait_timeout\": 4, \"check\": $1}" >"containers.d/$app.json"; }
  define '{"GET": ":8080/", "status": 200, "match": "hello"}'
  expect_done belay apply ./containers.d
  first=$(inspect "$(running "$app")" .Id)
  define '{"GET": ":8080/", "status": 503}'
  run belay apply ./containers.d
  expect_exit 1
  expect_err 'answered 200, expected 503'
  expect_equal 'the container, which went on' "$first" "$(inspect "$(running "$app")" .Id)"
  expect_done belay remove "$app-image" --yes
}

test_a_compose_project_has_them() {
  page_image hello
  expect_done belay build "$app-image"
  compose() {
    printf 'name: %s\nservices:\n  web:\n    image: %s\n    pull_policy: never\n    x-belay: {check: "%s"}\n' "$app" "$app-image" "$1" >compose.yaml
  }
  compose 'GET :8080/ 200 ~hello'
  expect_done belay up
  compose 'GET :8080/ 200 ~goodbye'
  run belay up --wait-timeout 3s
  expect_exit 1
  expect_err "nothing in it fits 'goodbye'"
  expect_done belay down
  expect_done belay remove "$app-image" --yes
}

test_a_trial_and_a_drill_are_asked_as_well() {
  page_image hello
  expect_done belay deploy "$app" --check 'GET :8080/ 200 ~hello'
  page_image goodbye
  run belay try "$app" . --wait-timeout 3s
  expect_exit 1
  expect_err "nothing in it fits 'hello'"
  page_image 'hello again'
  expect_done belay try "$app" .
  expect_done belay backup "$app" -o "$work/kept"
  expect_done belay drill "$app" "$(echo "$work"/kept/*)"
}

# A server that speaks TLS, started in a container from the host's own openssl.
tls_image() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=shop.example \
    -addext subjectAltName=DNS:shop.example 2>/dev/null
  page_image hello
  linked_program rootfs "$(command -v openssl)" /usr/bin
  cp cert.pem key.pem rootfs/www/
  printf 'trap "exit 0" TERM INT\ncd /www\n/usr/bin/openssl s_server -accept 8443 -cert cert.pem -key key.pem -WWW -quiet &\nwait $!\n' >rootfs/start
}

test_a_server_with_a_certificate_of_its_own_is_asked_over_tls() {
  tls_image
  expect_done belay deploy "$app" --check 'GET https://shop.example:8443/index.html 200 cert=cert.pem ~hello'
  expect_done belay deploy "$app" --check 'GET https://:8443/index.html cert=cert.pem'
  expect_done belay deploy "$app" --check 'GET https://:8443/index.html'
  run belay deploy "$app" --wait-timeout 3s --check 'GET https://other.example:8443/index.html cert=cert.pem'
  expect_exit 1
  expect_err 'certificate of other.example cannot be trusted'
  openssl req -x509 -newkey rsa:2048 -nodes -keyout other-key.pem -out other.pem -days 2 -subj /CN=shop.example 2>/dev/null
  run belay deploy "$app" --wait-timeout 3s --check 'GET https://shop.example:8443/index.html cert=other.pem'
  expect_exit 1
  expect_err 'cannot be trusted'
  # A file that is not there is nobody's fault but the host's.
  run belay deploy "$app" --wait-timeout 3s --check 'GET https://:8443/index.html cert=gone.pem'
  expect_exit 1
  expect_err 'reading the check.s certificate'
  run belay why "$app"
  expect_out 'certificate'
}

run_tests "$@"

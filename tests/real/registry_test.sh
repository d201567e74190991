#!/bin/bash
# What Belay asks of registries, against real ones: an open one, one behind TLS and a login, one that is down.
# REGISTRY_TESTS is the program that asks, CONTRACT_TESTS the one that holds the engine against its contract.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# serve_registry NAME HOST:PORT [LINES]: `LINES` are more of its configuration.
serve_registry() {
  cat >"$place/$1.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$place/$1"}}
http:
  addr: "$2"
  secret: "only for this test"
${3:-}
END
  background docker-registry serve "$place/$1.yml" >"$place/$1.log" 2>&1
  eventually answers "$2"
}
answers() { curl -sk -o /dev/null "https://$1/v2/" || curl -s -o /dev/null "http://$1/v2/"; }

# An address of this machine that is not the loopback's: certificates are checked there.
bridge_address() { ip -4 -o addr show | awk '$2 != "lo" { sub("/.*", "", $4); print $4; exit }'; }

open_registry() {
  local port
  new_port port
  open=127.0.0.1:$port
  serve_registry open "$open"
}
login_registry() {
  local port hash address
  new_port port
  address=$(bridge_address)
  [ -n "$address" ] || fail 'the engine has no bridge'
  login=$address:$port
  hash=$(perl -e 'print crypt("geheim", q($2y$05$) . join("", map { ("a" .. "z")[rand 26] } 1 .. 21) . ".")')
  echo "belay:$hash" >"$place/users"
  # The engine looks nowhere else for authorities.
  certificates=/etc/docker/certs.d
  at_end rmdir --ignore-fail-on-non-empty "$certificates"
  at_end rm -rf "$certificates/$login"
  mkdir -p "$certificates/$login"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout "$place/key.pem" \
    -subj '/CN=test registry' -addext "subjectAltName=IP:$address" -out "$certificates/$login/company-root.crt" 2>/dev/null
  serve_registry login "$login" "  tls: {certificate: $certificates/$login/company-root.crt, key: $place/key.pem}
auth: {htpasswd: {realm: test, path: $place/users}}"
  export DOCKER_CONFIG=$place/login-config
  mkdir "$DOCKER_CONFIG"
  jq -n --arg at "$login" --arg auth "$(printf belay:geheim | base64)" '{auths: {($at): {auth: $auth}}}' >"$DOCKER_CONFIG/config.json"
}
# push REFERENCE CONTENT
push() {
  image plain 8080 "$2"
  expect_done belay build "$app" --push "$1"
}

test_registries_answer_or_say_why_not() {
  local open login certificates dead
  : "${REGISTRY_TESTS:?the program that asks}"
  open_registry
  login_registry
  new_port dead
  push "$open/web:1" one
  push "$open/web:2" two
  push "$open/web:latest" two
  push "$login/web:1" one
  unset DOCKER_CONFIG
  run env BELAY_TEST_ENGINE="$DOCKER_HOST" BELAY_TEST_OPEN_REGISTRY="$open" BELAY_TEST_REGISTRY_LOGIN="$login" \
    BELAY_TEST_CERTIFICATES="$certificates" BELAY_TEST_DEAD_REGISTRY="127.0.0.1:$dead" "$REGISTRY_TESTS"
  expect_exit 0
  expect_not_out SKIPPED
}
test_the_engine_keeps_its_contract_about_registries() {
  local open
  : "${CONTRACT_TESTS:?the program with the contract}"
  open_registry
  run env BELAY_TEST_ENGINE="$DOCKER_HOST" BELAY_TEST_REGISTRY="$open" "$CONTRACT_TESTS" \
    --gtest_filter='*AsksTheRegistry*:*PullsWhatATagNoLongerNames*'
  expect_exit 0
  expect_out 'PASSED +. 2 tests'
  expect_not_out SKIPPED
}

# A proxy that leads wherever it is asked to, and writes down where; at $proxy.
start_proxy() {
  local port
  new_port port
  proxy=127.0.0.1:$port
  cat >"$place/proxy.py" <<'END'
import select, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(1)
        if not more: return
        head += more
    words = head.split(b" ")
    print(words[0].decode(), words[1].decode(), flush=True)
    host, port = words[1].decode().rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    pair = {client: server, server: client}
    while True:
        for one in select.select(list(pair), [], [])[0]:
            data = one.recv(65536)
            if not data: return
            pair[one].sendall(data)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
  background python3 "$place/proxy.py" "$port" >"$place/proxy.log" 2>&1
  eventually nc_answers "$port"
}
nc_answers() { : <"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null

test_a_pattern_stays_in_its_flavour_behind_a_proxy_and_an_own_authority() {
  local login certificates proxy
  login_registry
  start_proxy
  for tag in 1.25.3-alpine 1.26.0-alpine 1.27.0 2023.12.05; do push "$login/web:$tag" "$tag"; done
  mkdir hosts.d
  echo "{\"name\": \"$app2\", \"image\": \"$login/web:1.25.3-alpine\", \"update\": {\"pattern\": \"semver >=1.25\"}}" >hosts.d/web.json
  run env HTTPS_PROXY="http://$proxy" belay plan hosts.d
  expect_exit 0
  run env HTTPS_PROXY="http://$proxy" belay apply hosts.d
  expect_exit 0
  expect_equal 'image' "$login/web:1.26.0-alpine" "$(belay config "$app2" --json | jq -r '.services[0].image')"
  expect grep -q "^CONNECT $login$" "$place/proxy.log"
  # An own certificate without its key is what the engine refuses, too.
  : >"$certificates/$login/own.cert"
  run belay apply hosts.d
  expect grep -q 'own.key is missing' <<<"$out$err"
  rm "$certificates/$login/own.cert"
}
test_a_broken_credential_helper_stops_no_public_image() {
  local open
  open_registry
  push "$open/web:1" one
  mkdir "$HOME/.docker"
  echo '{"auths":{},"credsStore":"desktop.exe"}' >"$HOME/.docker/config.json"
  api DELETE "/images/$open/web:1?force=1" >/dev/null
  expect_done belay deploy "$app2" --image "$open/web:1"
  expect_equal 'warnings about the helper' 1 "$(grep -c docker-credential-desktop.exe <<<"$err")"
  echo 'no JSON' >"$HOME/.docker/config.json"
  expect_done belay deploy "$app2" --image "$open/web:1"
}

run_tests "$@"

#!/bin/bash
# What lies around the engine: registries with logins, both builders, engines behind TLS, terminals and Ctrl-C.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# ---- registries ----

login() {  # USER PASSWORD: into a configuration of this test
  export DOCKER_CONFIG=$place/login
  mkdir -p "$DOCKER_CONFIG"
  jq -n --arg at "$registry" --arg auth "$(printf %s "$1:$2" | base64)" '{auths: {($at): {auth: $auth}}}' >"$DOCKER_CONFIG/config.json"
}
in_registry() {  # NAME TAG
  [ "$(curl -s -o /dev/null -w '%{http_code}' -u belay:geheim "http://$registry/v2/$1/manifests/$2")" = 200 ]
}
forget_image() {  # REFERENCE…: and all else that leads to it
  local reference
  for reference; do api DELETE "/images/$reference?force=1" >/dev/null; done
  for reference; do expect_not image_exists "$reference"; done
}

test_build_pushes_with_the_login_of_the_configuration_and_image_pulls_it_again() {
  start_registry geheim
  login belay geheim
  image plain 8080 "$app"
  expect_done belay build "$app" --push "$registry/$app:1"
  expect in_registry "$app" 1
  local id
  id=$(image_id "$registry/$app:1")
  forget_image "$registry/$app:1" "$app:latest"
  expect_done belay build "$app2" --image "$registry/$app:1"
  expect_equal 'the image pulled' "$id" "$(image_id "$registry/$app:1")"
  expect_done belay start "$app2" new
  expect_equal 'the image that runs' "$id" "$(image_of "$app2-r1")"
}
test_a_credential_helper_gives_the_login() {
  start_registry geheim
  export DOCKER_CONFIG=$place/login
  mkdir "$DOCKER_CONFIG"
  echo '{"credsStore": "test"}' >"$DOCKER_CONFIG/config.json"
  cat >"$place/bin/docker-credential-test" <<END
#!/bin/sh
read -r server
echo "\$1 \$server" >>"$place/asked"
[ "\$1" = get ] && [ "\$server" = "$registry" ] || { echo 'credentials not found in native keychain'; exit 1; }
echo '{"ServerURL": "$registry", "Username": "belay", "Secret": "geheim"}'
END
  chmod +x "$place/bin/docker-credential-test"
  image plain 8080 "$app"
  expect_done belay build "$app" --push "$registry/$app:1"
  expect in_registry "$app" 1
  expect grep -qx "get $registry" "$place/asked"
  forget_image "$registry/$app:1" "$app:latest"
  expect_done belay build "$app2" --image "$registry/$app:1"
  expect image_exists "$registry/$app:1"
}
test_a_wrong_password_is_an_error_that_names_docker_login() {
  start_registry geheim
  login belay falsch
  image plain 8080 "$app"
  run belay build "$app" --push "$registry/$app:1"
  expect_exit 1
  expect_err "docker login $registry"
  expect_not in_registry "$app" 1
  expect_refused 1 belay build "$app2" --image "$registry/$app:2"
  expect_err "docker login $registry"
  # Without any login it is the same.
  rm "$DOCKER_CONFIG/config.json"
  expect_refused 1 belay build "$app2" --image "$registry/$app:2"
  expect_err "docker login $registry"
}
test_a_push_that_failed_is_made_up_for() {
  start_registry geheim
  login belay falsch
  image plain 8080 "$app"
  run belay build "$app" --push "$registry/$app:1"
  expect_exit 1
  login belay geheim
  expect_done belay build "$app" --push "$registry/$app:1" --dry-run
  expect_not in_registry "$app" 1
  expect_done belay build "$app" --push "$registry/$app:1"
  expect in_registry "$app" 1
  # Under another name it goes there as well, though nothing is to build.
  expect_done belay build "$app" --push "$registry/$app:2"
  expect in_registry "$app" 2
}
test_a_credential_helper_that_fails_is_named() {
  start_registry geheim
  export DOCKER_CONFIG=$place/login
  mkdir "$DOCKER_CONFIG"
  echo '{"credsStore": "test"}' >"$DOCKER_CONFIG/config.json"
  expect_refused 1 belay build "$app" --image "$registry/$app:1"
  expect_err docker-credential-test
  printf '%s\n' '#!/bin/sh' 'echo "the keyring is locked"' 'exit 1' >"$place/bin/docker-credential-test"
  chmod +x "$place/bin/docker-credential-test"
  expect_refused 1 belay build "$app" --image "$registry/$app:1"
  expect_err 'docker-credential-test.*the keyring is locked'
  echo '{"auths": ' >"$DOCKER_CONFIG/config.json"
  expect_refused 1 belay build "$app" --image "$registry/$app:1"
  expect_err "$DOCKER_CONFIG/config.json"
}
test_a_tag_that_the_registry_lacks_is_an_error() {
  start_registry geheim
  login belay geheim
  expect_refused 1 belay build "$app" --image "$registry/$app:9"
  expect_err "$registry/$app:9"
  expect_refused 1 belay build "$app" --image "127.0.0.1:1/$app:1"
}

test_a_failed_push_or_pull_names_the_image_once() {
  start_registry geheim
  login belay geheim
  expect_refused 1 belay build "$app2" --image "$registry/$app:9"
  expect_equal 'the names in the error' "$registry/$app:9" "$(grep '^belay:' <<<"$err" | grep -o "$registry/[^ ]*" | sed 's/:$//')"
  login belay falsch
  image plain
  run belay build "$app" --push "$registry/$app:1"
  expect_exit 1
  expect_equal 'the names in the error' "$registry/$app:1" "$(grep '^belay:' <<<"$err" | grep -o "$registry/[^ ]*" | sed 's/:$//')"
}
test_buildkit_builds_on_an_image_behind_a_login() {
  start_registry geheim
  login belay geheim
  image plain
  expect_done belay build "$app" --push "$registry/$app:1"
  forget_image "$registry/$app:1" "$app:latest"
  printf '%s\n' 'ARG TAG=none' "FROM --platform=\$BUILDPLATFORM $registry/$app:\$TAG AS base" 'FROM base' 'ENV ROUND=1' >Dockerfile
  local build=(belay build "$app2" --builder buildkit --build-arg TAG=1)
  expect_done "${build[@]}" --dry-run
  expect_not image_exists "$registry/$app:1"
  expect_out "1\. pull $registry/$app:1 .*2\. build $app2:latest .*after 1"
  expect_done "${build[@]}"
  expect image_exists "$registry/$app:1"
  expect image_exists "$app2:latest"
  # It is here now: nothing is pulled, and no login is needed.
  rm "$DOCKER_CONFIG/config.json"
  echo 'ENV ROUND=2' >>Dockerfile
  expect_done "${build[@]}"
  login belay geheim
  run "${build[@]}" --dry-run
  expect_not_out 'pull '
  # With --pull BuildKit would go to the registry itself, and would be refused.
  echo 'ENV ROUND=3' >>Dockerfile
  expect_done "${build[@]}" --pull
  login belay falsch
  expect_refused 1 "${build[@]}" --pull
  expect_err "docker login $registry"
}

# ---- builders ----

# inside COMMAND…: what it prints in the container that runs
inside() { belay shell "$app" "$@" 2>&1; }
# A context in which everything can go wrong on its way, and a Dockerfile of two stages to choose from.
context() {
  image plain
  mkdir -p files/deep files/empty ignored
  echo body >files/deep/body
  ln -s deep/body files/link
  ln -s /nowhere files/dangling
  echo run >files/run
  chmod 751 files/run
  echo as-owner >files/as-owner
  chmod 4755 files/as-owner
  echo secret >files/private
  chown 1234:1234 files/private
  chmod 600 files/private
  echo 'with blanks' >'files/a name with blanks'
  truncate -s 200M ignored/big
  echo kept >ignored/kept
  printf '%s\n' '# what stays here' ignored '!ignored/kept' '**/*.tmp' >.dockerignore
  touch files/deep/x.tmp
  cat >Dockerfile <<'END'
FROM scratch AS common
COPY rootfs /
ENV PATH=/bin
CMD ["/bin/sh", "/start"]
FROM common AS wanted
ARG VERSION=none
ARG OTHER=untouched
RUN echo "$VERSION, $OTHER" >/version
COPY . /all
FROM common AS last
RUN echo "this stage was not asked for" && false
END
}
builds_what_is_there_and_nothing_else() {  # BUILDER
  context
  expect_done belay build "$app" --builder "$1" --target wanted --build-arg 'VERSION=2.1 "beta"'
  expect_done belay start "$app" new
  expect_equal 'build arguments' '2.1 "beta", untouched' "$(inside cat /version)"
  expect_equal 'a file' body "$(inside cat /all/files/deep/body)"
  expect_equal 'a name with blanks' 'with blanks' "$(inside cat '/all/files/a name with blanks')"
  expect_equal 'a symbolic link' deep/body "$(inside busybox readlink /all/files/link)"
  expect_equal 'a link to nowhere' /nowhere "$(inside busybox readlink /all/files/dangling)"
  expect_equal modes $'751\n600' "$(inside busybox stat -c %a /all/files/run /all/files/private)"
  expect_equal 'an empty folder' 'directory' "$(inside busybox stat -c %F /all/files/empty)"
  expect_equal 'owners' $'0 0' "$(inside busybox stat -c '%u %g' /all/files/private)"
  expect_equal 'what was ignored' kept "$(inside ls /all/ignored)"
  expect_equal 'what a pattern ignored' body "$(inside ls /all/files/deep)"
}
test_the_classic_builder_gets_the_context_as_it_is() { builds_what_is_there_and_nothing_else classic; }
test_buildkit_gets_the_context_as_it_is() {
  builds_what_is_there_and_nothing_else buildkit
  # The classic builder of the engine drops this bit, whoever sends the context.
  expect_equal 'the set-user-ID bit' 4755 "$(inside busybox stat -c %a /all/files/as-owner)"
}
test_buildkit_does_what_only_it_can() {
  image plain
  echo run >tool
  chmod 600 tool
  cat >>Dockerfile <<'END'
COPY --chmod=751 tool /tool
ARG ROUND
RUN --mount=type=cache,target=/cache echo "$ROUND" >>/cache/rounds; cat /cache/rounds >/rounds
END
  local mark="$app-$RANDOM"
  expect_done belay build "$app" --builder buildkit --build-arg "ROUND=$mark first"
  expect_done belay build "$app" --builder buildkit --build-arg "ROUND=$mark second"
  expect_done belay start "$app" new
  expect_equal 'the mode' 751 "$(inside busybox stat -c %a /tool)"
  expect_equal 'what the cache kept' "$mark first"$'\n'"$mark second" "$(inside busybox grep "$mark" /rounds)"
  expect_equal 'the cache in the image' '' "$(inside ls /cache)"
}
test_a_failing_step_is_shown_with_what_it_printed() {
  local builder
  for builder in classic buildkit; do
    image plain
    echo 'RUN echo "the compiler is on $((40 + 2)) holidays"; echo "and does not return" >&2; exit 7' >>Dockerfile
    run belay build "$app" --builder "$builder"
    expect_exit 1
    expect_err 'the compiler is on 42 holidays'
    expect_err 'and does not return'
    expect_err '7'
    expect_not image_exists "$app:latest"
  done
}
test_a_dockerfile_that_is_itself_ignored_still_builds() {
  local builder
  for builder in classic buildkit; do
    image plain
    printf '%s\n' '*' '!rootfs' >.dockerignore
    printf '%s\n' "ENV BUILDER=$builder" 'COPY . /all' >>Dockerfile
    expect_done belay build "$app" --builder $builder
    expect_done belay start "$app" new
    expect_equal "what $builder got" rootfs "$(inside ls /all | grep -v Dockerfile)"
  done
}
test_the_classic_builder_shows_no_bare_arrows() {
  image plain
  run belay build "$app" --builder classic
  expect_exit 0
  [[ ! $out$err =~ --\> ]] || fail 'an arrow' '' "$out$err"
}
test_ctrl_c_ends_a_build() {
  # A number to know the process by among all of this machine.
  local builder seconds=$((1000000 + $$))
  for builder in classic buildkit; do
    image plain
    echo "RUN echo \"compiling with $builder\"; sleep $seconds" >>Dockerfile
    background belay build "$app" --builder $builder >"$place/screen" 2>&1
    eventually step_runs
    kill -INT "$pid"
    ended "$pid"
    err=$(<"$place/screen")
    expect_exit 130
    # The engine does not go on for nobody.
    eventually step_is_gone
    expect_not image_exists "$app:latest"
  done
}
# The pattern is not equal to what it finds: grep's own words must not count.
step_runs() { grep -qszx "[${seconds:0:1}]${seconds:1}" /proc/[0-9]*/cmdline; }
step_is_gone() { ! step_runs; }
test_a_build_secret_without_buildx_is_refused() {
  image plain
  echo geheim >"$place/token"
  # A docker without plugins, and none at all.
  printf '%s\n' '#!/bin/sh' 'echo "docker: unknown command: docker $1" >&2' 'exit 1' >"$place/bin/docker"
  chmod +x "$place/bin/docker"
  expect_refused 1 belay build "$app" --secret "id=x,src=$place/token"
  expect_err 'docker buildx'
  expect_err 'docker-buildx'
  rm "$place/bin/docker"
  expect_refused 1 env PATH="$place/bin" "$place/bin/belay" build "$app" --secret "id=x,src=$place/token"
  expect_err 'docker buildx'
  expect_not image_exists "$app:latest"
}

has_buildx() { docker buildx version >/dev/null 2>&1; }
test_a_build_secret_reaches_the_step_and_nothing_else() {
  has_buildx || { echo 'skipped: no docker command with buildx here'; return; }
  image plain
  printf 'ge%s' heim >"$place/token"
  cat >>Dockerfile <<'END'
ARG ROUND
RUN --mount=type=secret,id=token echo "round $ROUND: $(busybox md5sum </run/secrets/token)" >/sum
RUN --mount=type=secret,id=other busybox md5sum </run/secrets/other >/other
END
  export OTHER=geheimer
  expect_done belay build "$app" --secret "id=token,src=$place/token" --secret id=other,env=OTHER --build-arg ROUND=1
  expect_err 'RUN --mount=type=secret'
  expect_done belay start "$app" new
  expect_equal 'the first secret' "round 1: $(printf geheim | md5sum)" "$(inside cat /sum)"
  expect_equal 'the second secret' "$(printf geheimer | md5sum)" "$(inside cat /other)"
  expect_equal 'the label' "$app" "$(api GET "/images/$app/json" | jq -r '.Config.Labels["belay.family"]')"
  [[ ! $(api GET "/images/$app/history") =~ geheim ]] || fail 'the secret is in the history'
  echo 'RUN echo "the compiler is on $((40 + 2)) holidays" >&2; exit 7' >>Dockerfile
  run belay build "$app" --secret "id=token,src=$place/token" --secret id=other,env=OTHER --build-arg ROUND=1
  expect_exit 1
  expect_err 'the compiler is on 42 holidays'
}
test_a_build_with_a_secret_ends_with_its_command() {
  has_buildx || { echo 'skipped: no docker command with buildx here'; return; }
  local seconds=$((2000000 + $$))
  image plain
  echo geheim >"$place/token"
  echo "RUN --mount=type=secret,id=token sleep $seconds" >>Dockerfile
  background belay build "$app" --secret "id=token,src=$place/token" >"$place/screen" 2>&1
  eventually step_runs
  kill -TERM "$pid"
  ended "$pid"
  err=$(<"$place/screen")
  expect_exit 143
  eventually step_is_gone
  expect_not image_exists "$app:latest"
}

# ---- an engine behind TLS ----

# at_tls_engine INPUT VARIABLE=VALUE… COMMAND…: in its network, told of no engine but by these.
at_tls_engine() {
  local input=$1
  shift
  run_with "$input" "$here/../../scripts/engine" inside "$place/tls-engine" env -u DOCKER_HOST PATH="$PATH" "$@"
}
refused_by_tls() {  # PATTERN VARIABLE=VALUE…
  local pattern=$1
  shift
  at_tls_engine /dev/null "$@" belay ls
  expect_exit 1
  expect_no_out
  expect_err "$pattern"
}
test_an_engine_behind_tls_wants_certificates_of_both_sides() {
  local port tls=$place/tls-engine/tls host
  new_port port
  at_end "$here/../../scripts/engine" down "$place/tls-engine"
  "$here/../../scripts/engine" up "$place/tls-engine" --tls "$port" >"$place/line" 2>"$place/up" ||
    fail "no engine: $(<"$place/up")"
  host=DOCKER_HOST=tcp://127.0.0.1:$port

  # Uploads, long waits and both directions of a session go through TLS as well.
  local good=("$host" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$tls")
  image plain
  at_tls_engine /dev/null "${good[@]}" belay deploy "$app"
  expect_exit 0
  at_tls_engine /dev/null "${good[@]}" belay ls
  expect_exit 0
  expect_out "$app .*r1"
  head -c 300000 /dev/urandom | base64 >"$place/input"
  at_tls_engine "$place/input" "${good[@]}" belay shell "$app" cat
  expect_exit 0
  expect [ "$out" = "$(<"$place/input")" ]
  (eval "$(<"$place/line")" && is_up "$app-r1") || fail 'the engine behind TLS has no such container'
  expect_not exists "$app-r1"

  mkdir "$place/no-client" "$place/other-ca"
  cp "$tls/ca.pem" "$place/no-client/"
  refused_by_tls 'wants a client certificate.*cert\.pem and key\.pem' "$host" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$place/no-client"
  cp "$tls"/{cert,key}.pem "$place/other-ca/"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$place/other-key.pem" \
    -subj '/CN=somebody else' -out "$place/other-ca/ca.pem" 2>/dev/null
  refused_by_tls 'certificate of 127\.0\.0\.1 cannot be trusted' "$host" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$place/other-ca"
  refused_by_tls 'wants TLS.*DOCKER_TLS_VERIFY' "$host"
  refused_by_tls 'nothing/ca\.pem is missing.*DOCKER_CERT_PATH' "$host" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$place/nothing"
  # Not the system's authorities instead, even if they would vouch for it.
  mkdir "$place/no-ca" "$place/no-key" "$place/wrong-key"
  cp "$tls"/{cert,key}.pem "$place/no-ca/"
  refused_by_tls 'no-ca/ca\.pem is missing' "$host" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$place/no-ca" SSL_CERT_FILE="$tls/ca.pem"
  cp "$tls"/{ca,cert}.pem "$place/no-key/"
  refused_by_tls 'no-key/key\.pem is missing: it belongs to .*no-key/cert\.pem' "$host" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$place/no-key"
  cp "$tls"/{ca,cert}.pem "$place/wrong-key/"
  cp "$place/other-key.pem" "$place/wrong-key/key.pem"
  refused_by_tls 'wrong-key/key\.pem: it does not belong to the certificate' "$host" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$place/wrong-key"
}

# ---- terminals and Ctrl-C ----

# on_terminal COMMAND: in a terminal of 33 lines and 101 columns; what it shows is in $place/screen, it reads $keys.
on_terminal() {
  mkfifo "$place/keys"
  exec {keys}<>"$place/keys"
  # script runs $SHELL: dash (the default without it) dies of Ctrl-C itself, bash goes on when what it ran has dealt with it.
  SHELL=/bin/bash background script -qefc "stty rows 33 cols 101; $1" /dev/null <"$place/keys" >"$place/screen" 2>&1
}
shown() { grep -q -- "$1" "$place/screen"; }
press() { printf %b "$1" >&"$keys"; }
plain_app() {
  image plain
  expect_done belay build "$app"
  expect_done belay start "$app" new
}

test_shell_is_a_terminal_inside_and_passes_the_exit_code_on() {
  plain_app
  expect_done belay shell "$app" sh -c 'busybox tty || true'
  expect_out 'not a tty'
  cat >"$place/inside" <<END
belay shell $app sh -c 'busybox tty; n=0; until [ "\$(busybox stty size)" = "33 101" ] || [ \$n = 8 ]; do sleep 1; n=\$((n + 1)); done
  busybox stty size; exit 42'
END
  on_terminal "sh $place/inside"
  ended "$pid"
  out=$(<"$place/screen")
  expect_exit 42
  expect_out '/dev/(pts/[0-9]+|console)'
  expect_out '33 101'
}
test_keys_and_a_new_size_reach_the_shell_inside() {
  plain_app
  cat >"$place/inside" <<END
tty >"$place/tty"
before=\$(stty -g)
belay shell $app
echo "ended with \$?"
[ "\$before" != "\$(stty -g)" ] || echo 'the terminal is as it was'
END
  on_terminal "sh $place/inside"
  press 'echo $((6 * 7)) from $0\n'
  eventually shown '^42 from'
  stty -F "$(<"$place/tty")" rows 44 cols 120
  press 'until [ "$(busybox stty size)" = "44 120" ]; do sleep 1; done; echo $((44 + 120)) is the sum\n'
  eventually shown '^164 is the sum'
  press 'exit 5\n'
  eventually shown '^ended with 5'
  ended "$pid"
  expect shown '^the terminal is as it was'
}
test_ctrl_c_in_a_shell_reaches_the_process_inside() {
  plain_app
  cat >"$place/inside" <<END
belay shell $app sh -c 'trap "echo caught; exit 43" INT; echo ready; while :; do sleep 1; done'
END
  on_terminal "sh $place/inside"
  eventually shown ready
  press '\003'
  ended "$pid"
  expect_exit 43
  expect shown caught
  expect is_up "$app-r1"
}
# What runs in the container, a line each.
processes() { api GET "/containers/$app-r1/top" | jq -r '.Processes[][-1]' | sort; }
nothing_is_left() { [ "$(processes)" = "$own" ]; }
test_a_command_ends_with_its_session() {
  local own how
  plain_app
  own=$(processes)
  # Whoever read it has gone.
  expect_equal 'a line' y "$(timeout 60 belay shell "$app" busybox yes | head -1)"
  eventually nothing_is_left
  expect_equal 'a line' y "$(timeout 60 belay exec "$app" sh -c 'busybox yes & busybox yes' | head -1)"
  eventually nothing_is_left
  # Ctrl-C and its like, of which the command itself hears nothing.
  for how in 'INT 130' 'TERM 143' 'HUP 129'; do
    background belay exec -T "$app" sh -c 'echo here; busybox sleep 1111 & busybox sleep 2222' >"$place/screen" 2>&1
    eventually shown here
    kill "-${how% *}" "$pid"
    ended "$pid"
    expect_exit "${how#* }"
    eventually nothing_is_left
    rm "$place/screen"
  done
  # One that does not listen.
  background belay exec -T "$app" sh -c 'trap "" HUP; echo here; while :; do :; done' >"$place/screen" 2>&1
  eventually shown here
  kill -INT "$pid"
  ended "$pid"
  eventually nothing_is_left
  # What is to go on does so.
  expect_done belay exec -d "$app" busybox sleep 3333
  expect_done belay exec "$app" sh -c 'busybox sleep 4444 </dev/null >/dev/null 2>&1 &'
  expect grep -q 'sleep 3333' <<<"$(processes)"
  expect grep -q 'sleep 4444' <<<"$(processes)"
}
test_a_shell_ends_with_its_terminal() {
  local own
  plain_app
  own=$(processes)
  on_terminal "exec belay shell $app"
  press 'echo $((6 * 7)) from $0; busybox sleep 1111\n'
  eventually shown '^42 from'
  end_process "$pid"
  eventually nothing_is_left
}
test_a_shell_out_of_reach_gets_the_keys_that_end_it() {
  local own
  plain_app
  own=$(processes)
  on_terminal "exec setpriv --bounding-set=-kill --inh-caps=-kill belay shell -u 7 $app"
  press 'echo $((6 * 7)) from $0; busybox sleep 1111\n'
  eventually shown '^42 from'
  end_process "$pid"
  eventually nothing_is_left
}
test_a_command_out_of_reach_is_ended_from_inside() {
  local own out_of_reach=(setpriv --bounding-set=-kill --inh-caps=-kill)
  plain_app
  own=$(processes)
  expect_equal 'a line' y "$(timeout 60 "${out_of_reach[@]}" belay exec -T -u 7 "$app" sh -c 'busybox yes & busybox yes' | head -1)"
  eventually nothing_is_left
  background "${out_of_reach[@]}" belay exec -T -u 7 "$app" sh -c 'trap "" HUP; echo here; while :; do :; done' >"$place/screen" 2>&1
  eventually shown here
  kill -INT "$pid"
  ended "$pid"
  expect_exit 130
  eventually nothing_is_left
  # Of two that are alike neither is touched: it might be the other.
  local first both
  background "${out_of_reach[@]}" belay exec -T -u 7 "$app" sh -c 'echo here; busybox sleep 1111; true' >"$place/screen" 2>&1
  first=$pid
  background "${out_of_reach[@]}" belay exec -T -u 7 "$app" sh -c 'echo here; busybox sleep 1111; true' >"$place/screen2" 2>&1
  eventually eval '[ "$(processes | grep -cx "busybox sleep 1111")" = 2 ]'
  both=$(processes)
  kill -INT "$first"
  ended "$first"
  expect_equal 'what runs' "$both" "$(processes)"
}
test_the_keys_of_the_engine_are_those_of_the_shell() {
  plain_app
  cat >"$place/inside" <<END
belay shell $app sh -c 'busybox stty raw -echo; echo ready; busybox head -c 2 | busybox od -An -tx1; echo done'
END
  on_terminal "sh $place/inside"
  eventually shown ready
  press '\020\021'
  ended "$pid"
  expect shown '10 11'
  expect shown 'done'
}
test_logs_that_follow_end_well_with_ctrl_c() {
  plain_app
  background belay logs -f "$app" >"$place/screen" 2>"$place/err"
  eventually shown '^up'
  expect_not process_ended "$pid"
  kill -INT "$pid"
  ended "$pid"
  expect_exit 0
  expect_equal 'errors' '' "$(<"$place/err")"
  expect is_up "$app-r1"
}
test_logs_that_follow_end_with_the_container() {
  plain_app
  background belay logs -f "$app" >"$place/screen" 2>&1
  eventually shown '^up'
  expect_not process_ended "$pid"
  expect_done belay stop "$app"
  ended "$pid"
  expect_exit 0
}
# A page that is served, and an image of the same app that never proves itself, nor fails to for a long time.
old_and_hopeless() {
  new_port port
  image web "$port" one
  expect_done belay deploy "$app"
  old=$(running "$app")
  image bad "$port"
  sed -i 's/--retries=2/--retries=1000/' Dockerfile
  expect_done belay build "$app"
}
old_runs_again() {
  expect_equal 'what runs' "$old" "$(running "$app")"
  eventually serves "$port" one
  eventually nothing_to_do
}
nothing_to_do() { [ "$(belay plan "$app" 2>/dev/null)" = 'nothing to do' ]; }
test_ctrl_c_and_its_like_take_a_change_back_that_waits_for_its_proof() {
  local port old how
  old_and_hopeless
  for how in 'INT 130' 'TERM 143'; do
    background belay start "$app" new >"$place/screen" 2>&1
    eventually hopeless_is_up
    expect is_down "$old"
    kill "-${how% *}" "$pid"
    ended "$pid"
    err=$(<"$place/screen")
    expect_exit "${how#* }"
    old_runs_again
  done
}
hopeless_is_up() { running "$app" | grep -qvx "$old"; }
test_a_passphrase_is_asked_for_at_a_terminal() {
  plain_app
  local file
  on_terminal "belay backup $app --passphrase -o $work/kept/; echo ended with \$?"
  eventually shown 'Passphrase of the backup'
  press 'open sesame\n'
  eventually shown 'once more'
  press 'open sesame\n'
  eventually shown 'ended with 0'
  expect_not shown sesame
  file=$(echo "$work"/kept/*)
  expect_refused 2 belay verify "$file"
  expect_err 'PASS'
  expect_done env PASS='open sesame' belay verify "$file"
}
test_a_passphrase_that_was_typed_in_two_ways_writes_nothing() {
  plain_app
  on_terminal "belay backup $app --passphrase -o $work/kept/; echo ended with \$?"
  eventually shown 'Passphrase of the backup'
  press 'open sesame\n'
  eventually shown 'once more'
  press 'open sesane\n'
  eventually shown 'ended with 2'
  expect_equal 'what was written' '' "$(find "$work/kept" -type f 2>/dev/null)"
}
test_a_list_is_shown_anew_until_ctrl_c() {
  plain_app
  on_terminal "belay ls --watch; echo ended with \$?"
  eventually shown "$app.*running"
  expect_done belay stop "$app"
  eventually shown "$app.*stopped"
  press '\003'
  eventually shown 'ended with'
}
test_long_help_goes_through_the_pager() {
  echo 'sed s/^/paged:/' >"$place/pager"
  on_terminal "PAGER='sh $place/pager' belay help backup"
  eventually shown '^paged:.*belay backup'
}
test_a_terminal_that_is_closed_takes_a_change_back_too() {
  local port old
  old_and_hopeless
  on_terminal "exec belay start $app new"
  eventually hopeless_is_up
  end_process "$pid"
  eventually is_up "$old"
  eventually hopeless_is_gone
  old_runs_again
}
hopeless_is_gone() { ! hopeless_is_up; }
test_ctrl_c_at_a_terminal_stops_what_was_started() {
  image bad
  sed -i 's/--retries=2/--retries=1000/' Dockerfile
  expect_done belay build "$app"
  on_terminal "belay start $app new; echo ended with \$?"
  eventually is_up "$app-r1"
  press '\003'
  eventually shown '^ended with 130'
  expect_equal 'what runs' '' "$(running "$app")"
  ended "$pid"
}

run_tests "$@"

#!/bin/bash
# Secrets reach the engine and the state's specs, and nothing else: no output, journal, lock, label or process argument.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# secret NAME: a value that nothing else holds, in $NAME, and its line in the list of what is looked for.
# Only the shell's own words handle the values: an argument of the test's own programs would be found as well.
secret() {
  local bytes
  bytes=$(od -An -tx1 -N12 /dev/urandom | tr -d ' \n')
  printf -v "$1" 'geheim%s' "$bytes"
  printf '%s\n' "${!1}" >>"$place/secrets"
}
# Everything Belay says is kept; besides, its exit code is checked.
says() {
  run "$@"
  { printf '$ %s (exit %s)\n' "$*" "$code"; cat "$place/out" "$place/err"; } >>"$place/said"
}
says_well() {
  says "$@"
  expect_exit 0
}
# Looks at the arguments of every process and at the lock files, again and again while Belay works.
watch_processes() {
  while :; do
    grep -aoHF -f "$place/secrets" /proc/[0-9]*/cmdline "$BELAY_STATE_DIR"/locks/* 2>/dev/null
    # That it looks at all: Belay's own command lines must be among what it saw.
    grep -alzxF 'belay' /proc/[0-9]*/cmdline >>"$place/looked_at" 2>/dev/null
    sleep 0.005
  done >>"$place/found"
}
no_secret_in() {  # WHAT FILE…
  local what=$1 found
  shift
  # Not what was found: the report of a failure is an output as well.
  found=$(grep -aHnF -f "$place/secrets" "$@" | tr -d '\0' | sed 's/geheim[0-9a-f]*/…/g')
  [ -z "$found" ] || fail "$what holds a secret" '(none)' "$found"
}
# Labels, names and all that the engine keeps of ours but for what a container needs to run: its environment.
labels_on_engine() {
  api GET /containers/json?all=1 | jq -c --arg p "$prefix" '.[] | select(.Names | join(" ") | contains($p)) | [.Names, .Labels, .Command]'
  api GET /images/json | jq -c --arg p "$prefix" '.[] | select((.RepoTags // [] | join(" ")) + (.Labels["belay.family"] // "") | contains($p)) | [.RepoTags, .Labels]'
  api GET /volumes | jq -c '.Volumes[]? | [.Name, .Labels]'
  api GET /networks | jq -c '.[] | [.Name, .Labels]'
}
nothing_leaked() {
  no_secret_in 'what Belay said' "$place/said"
  labels_on_engine >"$place/labels"
  expect grep -q belay.app "$place/labels"
  no_secret_in 'a label on the engine' "$place/labels"
  belay history --json --lines 100000 >"$place/journal"
  no_secret_in 'the journal' "$place/journal"
  # The database keeps specs, which is its job; every other file of the state is none of a secret's business.
  local files
  mapfile -t files < <(find "$BELAY_STATE_DIR" -type f ! -name 'state.db*')
  expect [ ${#files[@]} -gt 0 ]
  no_secret_in 'a file of the state' "${files[@]}"
  expect_equal 'who may read the state' 0 "$(find "$BELAY_STATE_DIR" -name 'state.db*' -perm /007 | wc -l)"
}
# Every word that Belay has for an app.
look_at_everything() {  # NAME
  local verb
  for verb in status why plan releases images volumes config history; do
    says_well belay "$verb" "$1"
    says_well belay "$verb" "$1" --json
  done
  says_well belay ls --json
  says_well belay autostart
  says belay doctor
}
# A docker command with buildx that builds by the plain API, and keeps what it was called with.
fake_buildx() {
  cat >"$place/bin/docker" <<END
#!/bin/bash
printf '%s\n' "\$@" >>"$place/docker_arguments"
[ "\$2" = build ] || exit 0
while [ \$# -gt 1 ]; do case \$1 in -t) tag=\$2 ;; --label) label=\$2 ;; --secret) secret=\$2 ;; esac; shift; done
[ -s "\${secret##*src=}" ] || exit 9
labels=\$(jq -rn --arg key "\${label%%=*}" --arg value "\${label#*=}" '{(\$key): \$value} | tojson | @uri')
tar -C "\$1" -c . | curl -sf --unix-socket "\${DOCKER_HOST#unix://}" -H 'Content-Type: application/x-tar' --data-binary @- \\
  "http://engine/v1.41/build?t=\$tag&labels=\$labels"
END
  chmod +x "$place/bin/docker"
}
# An app that gets secrets on every way there is into its environment.
image_with_secrets() {
  image web "$port" "$1"
  printf 'SMTP_PASS=%s\n' "$from_file" >variables
  cat >"dcv-$app" <<END
{"env": {"DB_PASSWORD": "$in_env", "DATABASE_URL": "postgres://shop:$in_url@db/shop", "PLAIN": "$1"},
 "raw": ["-e", "API_TOKEN=$in_raw", "--env-file", "variables", "--env=SIGNING_KEY=$in_word"]}
END
}

test_no_verb_lets_a_secret_out() {
  local port secret_name verb in_env in_url in_raw in_word from_file in_build in_registry in_argument
  for secret_name in in_env in_url in_raw in_word from_file in_build in_registry in_argument; do
    secret "$secret_name"
  done
  new_port port
  start_registry "$in_registry"
  printf '%s' "belay:$in_registry" | base64 -w0 >>"$place/secrets"
  echo >>"$place/secrets"
  export DOCKER_CONFIG=$place/login
  mkdir "$DOCKER_CONFIG"
  echo '{"credsStore": "test"}' >"$DOCKER_CONFIG/config.json"
  printf '{"ServerURL": "%s", "Username": "belay", "Secret": "%s"}\n' "$registry" "$in_registry" >"$place/answer"
  printf '%s\n' '#!/bin/sh' "echo \"\$@\" >>$place/helper_arguments" "cat >/dev/null; cat $place/answer" \
    >"$place/bin/docker-credential-test"
  chmod +x "$place/bin/docker-credential-test"
  fake_buildx
  printf '%s\n' "$in_build" >"$place/build_secret"
  mkdir -p "$BELAY_STATE_DIR"
  watch_processes &
  at_end end_process $!

  image_with_secrets one
  says_well belay build "$app" --dry-run
  says_well belay build "$app" --secret "id=token,src=$place/build_secret"
  expect grep -q "id=token,src=" "$place/docker_arguments"
  printf '%s\n' 'ARG NPM_TOKEN' >>Dockerfile
  export NPM_TOKEN=$in_argument
  says_well belay build "$app" --build-arg NPM_TOKEN --push "$registry/$app:1"
  unset NPM_TOKEN
  expect grep -q get "$place/helper_arguments"
  says_well belay start "$app" new --dry-run
  says_well belay start "$app" new
  # They do arrive.
  # shellcheck disable=SC2016
  expect_equal 'what the container gets' \
    "$in_env postgres://shop:$in_url@db/shop $in_raw $in_word $from_file" \
    "$(belay shell "$app" sh -c 'echo $DB_PASSWORD $DATABASE_URL $API_TOKEN $SIGNING_KEY $SMTP_PASS')"
  says_well belay stable "$app"
  look_at_everything "$app"
  # Other values of the same variables are a difference to show.
  local before=$in_env
  secret in_env
  expect [ "$before" != "$in_env" ]
  image_with_secrets two
  says_well belay deploy "$app" --dry-run
  says_well belay deploy "$app"
  says_well belay config "$app" --diff r1
  expect_out 'env.PLAIN: one → two'
  expect_out 'env.DB_PASSWORD'
  says_well belay config "$app" --diff r1 --json
  look_at_everything "$app"
  # One that fails: what is said, kept and shown of it.
  image_with_secrets three
  cp "$here/images/bad/start" rootfs/start
  says belay deploy "$app"
  expect_exit 1
  look_at_everything "$app"
  for verb in retry rollback restart stop 'start last' 'start stable' 'autostart last' 'autostart none' 'cleanup --yes' \
    logs 'stable --clear'; do
    # shellcheck disable=SC2086
    set -- $verb
    says belay "$1" "$app" "${@:2}"
    expect [ "$code" -lt 2 ]
  done
  says_well belay start-all
  look_at_everything "$app"
  nothing_leaked
  says_well belay remove "$app" --volumes --dry-run
  says_well belay remove "$app" --volumes --yes-lose-data "$app"
  no_secret_in 'what Belay said' "$place/said"
  belay history --json --lines 100000 >"$place/journal"
  no_secret_in 'the journal of an app that is gone' "$place/journal"

  no_secret_in 'the arguments of docker' "$place/docker_arguments"
  no_secret_in 'the arguments of a credential helper' "$place/helper_arguments"
  expect_equal 'processes and locks that showed a secret' '' "$(sed 's/geheim[0-9a-f]*/…/' "$place/found" | sort | uniq -c)"
  expect [ "$(wc -l <"$place/looked_at")" -gt 20 ]
}

test_taking_over_lets_no_secret_out() {
  local in_line in_container in_url
  secret in_line
  secret in_container
  secret in_url
  image plain
  says_well belay build "$app"
  # The line is the user's own to type; what comes of it is not.
  run belay import run "$app2" -- docker run -e "DB_PASSWORD=$in_line" -e "URL=https://me:$in_url@host/" "$app:latest"
  expect_exit 0
  cat "$place/out" "$place/err" >>"$place/said"
  says_well belay start "$app2" new
  look_at_everything "$app2"
  printf '{"Image": "%s:latest", "Env": ["API_TOKEN=%s"]}' "$app" "$in_container" >"$place/request"
  api POST "/containers/create?name=${prefix}old" -H 'Content-Type: application/json' -d "@$place/request" >/dev/null
  says_well belay adopt "${prefix}shop" "${prefix}old"
  says_well belay start "${prefix}shop" last
  look_at_everything "${prefix}shop"
  nothing_leaked
  rm -rf "$BELAY_STATE_DIR"
  says_well belay recover --dry-run
  says_well belay recover
  look_at_everything "$app2"
  nothing_leaked
}
test_a_mistake_in_a_parameter_file_is_shown_without_its_secrets() {
  local value text
  secret value
  image plain
  for text in '{"raw": ["-e API_TOKEN=%s"]}' '{"raw": ["-e", "API_TOKEN=%s", "--no-such-option"]}' '{"raw": ["--API_TOKEN=%s"]}' \
    '{"env": {"A=B": "%s"}}' '{"env": {"DB_PASSWORD": ["%s"]}}' '{"env": {"DB_PASSWORD": "%s"}' '{"env": {"DB_PASSWORD": %s}}' \
    '{"env": ["DB_PASSWORD=%s"]}' '{"raw": ["-e", "X=1"], "env": {"X": "%s"}}' '{"env": "DB_PASSWORD=%s"}' \
    '{"raw": "-e DB_PASSWORD=%s"}' '{"raw": ["--env-file", "variables"]}' '{"raw": ["API_TOKEN=%s"]}'; do
    # shellcheck disable=SC2059
    printf "$text" "$value" >"dcv-$app"
    # A name must not begin with a blank: a line like this is no variable.
    printf ' API TOKEN %s\n' "$value" >variables
    says belay build "$app"
    expect [ "$code" -gt 0 ]
  done
  no_secret_in 'what Belay said' "$place/said"
}

# What a backup or a snapshot holds is the data and, as its documentation says, all settings: so nobody else may read it.
expect_private() {  # FILE…
  expect_equal "who may read $*" '' "$(find "$@" -perm /077)"
}
test_no_command_for_data_lets_a_secret_out() {
  local port secret_name in_env in_url in_raw in_word from_file in_data in_words in_file
  for secret_name in in_env in_url in_raw in_word from_file in_data in_words in_file; do secret "$secret_name"; done
  export BELAY_BACKUPS=$place/backups
  local backups=$BELAY_BACKUPS/$app
  new_port port
  printf '%s\n' "$in_file" >"$place/passphrase"
  (umask 077; age-keygen -o "$place/key" 2>/dev/null)
  grep -o 'AGE-SECRET-KEY-.*' "$place/key" >>"$place/secrets"
  mkdir -p "$BELAY_STATE_DIR"
  watch_processes &
  at_end end_process $!
  image_with_secrets one
  says_well belay deploy "$app"
  # As a program would write it: an argument of ours would be found as well.
  printf '%s\n' "$in_data" >"$(api GET "/volumes/${app}_var_www" | jq -r .Mountpoint)/data"

  says_well belay backup "$app" --dry-run
  says_well belay backup "$app" -o "$backups-plain.belay.tar.zst" --with-image
  says_well belay backup "$app" -o "$backups-json.belay.tar.gz" --gzip --json
  # The plain ones do hold the settings.
  expect grep -qFf <(printf "%s\n" "$in_env") <(zstd -dc "$backups-plain.belay.tar.zst" | tar -xO belay-backup.json)
  PASS=$in_words says_well belay backup "$app" --passphrase -o "$backups-words.belay.tar.zst.age"
  says_well belay backup "$app" --passphrase-file "$place/passphrase" --stop -o "$backups-file.belay.tar.zst.age"
  says_well belay backup "$app" --recipient "$(age-keygen -y "$place/key")" -o "$backups-key.belay.tar.zst.age" --json
  expect_equal 'backups' 5 "$(find "$BELAY_BACKUPS" -type f | wc -l)"
  expect_private "$BELAY_BACKUPS"/*
  no_secret_in 'an encrypted backup' "$BELAY_BACKUPS"/*.age
  local name
  for name in plain.belay.tar.zst json.belay.tar.gz; do
    says_well belay verify "$backups-$name"
    says_well belay verify "$backups-$name" --json
  done
  PASS=$in_words says_well belay verify "$backups-words.belay.tar.zst.age" --json
  says_well belay verify "$backups-file.belay.tar.zst.age" --passphrase-file "$place/passphrase"
  says_well belay verify "$backups-key.belay.tar.zst.age" -i "$place/key"
  # The wrong ones are secrets too.
  PASS=$in_data says belay verify "$backups-words.belay.tar.zst.age"
  expect_exit 1
  says belay verify "$backups-key.belay.tar.zst.age" --passphrase-file "$place/passphrase"
  expect_exit 1
  says_well belay backups "$app"
  says_well belay backups "$app" --json

  PASS=$in_words says_well belay restore "$app" "$backups-words.belay.tar.zst.age" --dry-run
  PASS=$in_words says_well belay restore "$app" "$backups-words.belay.tar.zst.age"
  says_well belay restore "$app" "$backups-key.belay.tar.zst.age" -i "$place/key" --as "$app2"
  says_well belay config "$app2"
  says_well belay remove "$app2" --volumes --yes-lose-data "$app2" -y
  says_well belay snapshot "$app"
  says_well belay snapshots "$app"
  says_well belay snapshots "$app" --json
  says_well belay drill "$app" "$backups-plain.belay.tar.zst" --json
  says_well belay drill "$app" "$backups-file.belay.tar.zst.age" --passphrase-file "$place/passphrase"
  says_well belay drill "$app" "$backups-plain.belay.tar.zst" --dry-run
  says_well belay try "$app" . --json
  says_well belay try "$app" . --dry-run
  # Those that fail.
  cp "$here/images/bad/start" rootfs/start
  sed -i 's,^HEALTHCHECK.*,HEALTHCHECK --interval=300ms --retries=1 CMD ["/bin/false"],' Dockerfile
  says belay try "$app" .
  expect_exit 1
  says belay deploy "$app" --snapshot
  expect_exit 1
  says_well belay restore "$app" s1
  truncate -s -20 "$backups-plain.belay.tar.zst"
  says belay drill "$app" "$backups-plain.belay.tar.zst"
  expect_exit 1
  says belay restore "$app" "$backups-plain.belay.tar.zst"
  expect_exit 1
  look_at_everything "$app"
  nothing_leaked
  # What is kept of backups elsewhere than in them.
  rm -rf "$BELAY_STATE_DIR"
  says_well belay backups --scan "$BELAY_BACKUPS" --json
  says_well belay backups
  no_secret_in 'what Belay said' "$place/said"
  no_secret_in 'the index of backups' "$BELAY_STATE_DIR"/state.db*
  expect_equal 'processes and locks that showed a secret' '' "$(sed 's/geheim[0-9a-f]*/…/' "$place/found" | sort | uniq -c)"
  expect [ "$(wc -l <"$place/looked_at")" -gt 20 ]
}

run_tests "$@"

#!/bin/bash
# Settings where people expect them: options of docker run, set and unset, an editor, definitions in short, a file of
# defaults.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

variable() { inspect "$1" "[.Config.Env[] | select(startswith(\"$2=\"))][0] // \"-\""; }

test_options_of_docker_run_become_settings_that_stay() {
  local port
  new_port port
  image keeper 8080 one
  sed -i 's/^CMD/VOLUME \/data\nEXPOSE 8080\nCMD/' Dockerfile
  expect_done belay build "$app2"
  echo 'B=file' >my.env
  expect_done belay deploy "$app" --image "$app2:latest" -e A=1 --env-file my.env -p "127.0.0.1:$port:8080" -v "$app-kept:/data" \
    -m 64m --cpus 0.5 --label team=shop --cap-add NET_ADMIN --raw '--sysctl net.core.somaxconn=64'
  expect_equal 'the volume' "volume $app-kept" "$(mount_at "$app-r1" /data)"
  expect_equal 'the address' 127.0.0.1 "$(inspect "$app-r1" '.HostConfig.PortBindings["8080/tcp"][0].HostIp')"
  expect_equal 'the log' '{"max-file":"3","max-size":"10m"}' "$(inspect "$app-r1" '.HostConfig.LogConfig.Config | tojson')"
  cd /
  expect_done belay start "$app" new -e A=2
  expect_equal 'the variables' 'A=2 B=file' "$(variable "$app-r2" A) $(variable "$app-r2" B)"
  expect_equal 'the port' "$port" "$(port_of "$app-r2" 8080/tcp)"
  expect_equal 'the limits' '67108864 500000000' "$(inspect "$app-r2" '"\(.HostConfig.Memory) \(.HostConfig.NanoCpus)"')"
  expect_equal 'the right' NET_ADMIN "$(inspect "$app-r2" '.HostConfig.CapAdd[0] | sub("CAP_"; "")')"
  expect_equal 'the raw one' 64 "$(inspect "$app-r2" '.HostConfig.Sysctls["net.core.somaxconn"]')"

  expect_done belay set "$app" env.A=3 memory=96m --dry-run
  expect_out 'env.A: 2 → 3'
  expect_done belay set "$app" memory=96m
  expect_equal 'a limit that is moved' '100663296 true' "$(inspect "$app-r2" '"\(.HostConfig.Memory) \(.State.Running)"')"
  expect_done belay set "$app" env.A=3 ports=none
  expect_equal 'the ports' null "$(port_of "$app-r4" 8080/tcp)"
  expect_done belay unset "$app" env.A labels.team
  expect_equal 'the variables' '- B=file' "$(variable "$app-r5" A) $(variable "$app-r5" B)"
  expect_refused 1 belay unset "$app" memory_swap
  expect_refused 2 belay set "$app" mem_limit=1g
  expect_err 'memory'
  run_patiently belay set "$app" entrypoint=/nonesuch
  expect_exit 1
  expect_equal 'what runs' "$app-r5" "$(running "$app")"
}

test_a_slip_in_a_name_makes_no_second_app_unasked() {
  image keeper 8080 one
  expect_done belay deploy "$app" --order stop-first
  expect_refused 2 belay deploy "$app2"
  expect_err "$app is built from this Dockerfile"
  expect_refused 1 belay status "$app2"
}

test_an_editor_changes_the_settings() {
  image keeper 8080 one
  expect_done belay deploy "$app" -e A=1
  # shellcheck disable=SC2016  # it is the editor's own
  printf '#!/bin/sh\nsed -i "s/\\"A\\": \\"1\\"/\\"A\\": \\"2\\"/" "$1"\n' >editor
  chmod +x editor
  expect_refused 2 env EDITOR="$PWD/editor" belay config "$app" --edit
  echo y >answer
  run_with answer env EDITOR="$PWD/editor" script -qec "belay config $app --edit" /dev/null
  expect_out 'env.A: 1 → 2'
  expect_equal 'the variable' 'A=2' "$(variable "$app-r2" A)"
}

test_an_editor_changes_files_of_settings() {
  image keeper 8080 one
  echo '{"env": {"A": "1"}}' >"dcv-$app2"
  expect_done belay deploy "$app2"
  cat >editor <<'END'
#!/bin/sh
sed -i 's/"A": "[0-9]"/"A": "'"$TO"'"/' "$1"
[ -z "$OTHER" ] || echo >>"$OTHER"
END
  chmod +x editor
  echo y >answer
  edit() { run_with answer env EDITOR="$PWD/editor" "$@" script -qec "belay config $edited --edit" /dev/null; }
  edited=$app2
  edit TO=2
  expect_out 'env.A: 1 → 2'
  expect_equal 'the variable' 'A=2' "$(variable "$app2-r2" A)"
  expect grep -q '"A": "2"' "dcv-$app2"

  mkdir definitions kept
  echo "{\"image\": \"$app2:latest\", \"env\": {\"A\": \"1\"}, \"update\": {\"pull\": false}}" >"kept/$app.json"
  ln -s "../kept/$app.json" definitions/
  expect_done belay apply definitions
  edited=$app
  edit TO=2
  expect_exit 0
  expect_equal 'the variable' 'A=2' "$(variable "$app" A)"
  expect grep -q '"A": "2"' "kept/$app.json"
  expect test -L "definitions/$app.json"
  edit TO=3 OTHER="kept/$app.json"
  expect_exit 1
  out=$(tr -s '\r\n ' ' ' <<<"$out") # it was broken between words
  expect_out 'was changed meanwhile'
  expect grep -q '"A": "2"' "kept/$app.json"
  expect grep -q '"A": "3"' "$(grep -o 'your text is kept in [^[:space:]]*' <<<"$out" | cut -d' ' -f6)"
}

test_definitions_know_the_short_forms() {
  local port
  new_port port
  image keeper 8080 one
  expect_done belay build "$app2"
  mkdir definitions secret
  echo geheim >secret/token
  echo 'B=file' >definitions/my.env
  cat >"definitions/$app.json" <<END
{
  "image": "$app2:latest",
  "env": ["A=b"],
  "env_file": "my.env",
  "ports": ["127.0.0.1:$port:8080"],
  "volumes": ["$app-data:/data", "/own"],
  "hostname": "shop",
  "cap_add": ["NET_ADMIN"],
  "secrets": {"token": "$PWD/secret/token"},
  "raw": "--sysctl net.core.somaxconn=64",
  "update": {"pull": false}
}
END
  expect_done belay apply definitions
  expect_equal 'the variables' 'A=b B=file' "$(variable "$app" A) $(variable "$app" B)"
  expect_equal 'the name' shop "$(inspect "$app" .Config.Hostname)"
  expect_equal 'the volume' "volume $app-data" "$(mount_at "$app" /data)"
  expect_equal 'its own volume' "volume ${app}_own" "$(mount_at "$app" /own)"
  expect_done belay shell "$app" cat /run/secrets/token
  expect_equal 'the secret' geheim "$out"
  ! grep -rq geheim "$BELAY_STATE_DIR" || fail 'the state' 'without the secret' 'it is in there'
  expect_equal 'the log' '{"max-file":"3","max-size":"10m"}' "$(inspect "$app" '.HostConfig.LogConfig.Config | tojson')"
  local before
  before=$(inspect "$app" .Id)
  expect_done belay apply definitions --thorough
  expect_equal 'what runs' "$before" "$(inspect "$app" .Id)"
  expect_done belay declare "$app"
  expect_out '"hostname": "shop"'
  sed -i 's/"hostname"/"environment": {}, "hostname"/' "definitions/$app.json"
  expect_refused 1 belay apply definitions
  expect_err 'unknown key "environment"'
  expect_err 'Variables are "env"'
}

test_a_file_of_defaults_is_read() {
  image keeper 8080 one
  printf 'settle = 1s\nbackups = kept\nbackup_keep = last=1\n' >belay.conf
  export BELAY_CONFIG=$PWD/belay.conf
  unset BELAY_SETTLE
  expect_done belay deploy "$app" -v "$app-data:/data" --dry-run
  expect_out 'stays up for 1 s'
  expect_done belay deploy "$app" -v "$app-data:/data"
  expect_done belay backup "$app"
  expect_done belay backup "$app"
  expect_equal 'the backups' 1 "$(find kept -type f | wc -l)"
  expect_refused 1 belay backup "$app" -o "$PWD/not/mounted"
  echo 'nonsense = 1' >>belay.conf
  expect_done belay ls
  unset BELAY_CONFIG
}

run_tests "$@"

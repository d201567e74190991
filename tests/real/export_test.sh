#!/bin/bash
# Apps as Compose files: what `belay export --compose` writes runs on the same data, under Belay and under docker compose.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2016
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export BELAY_SETTLE=1s

# A family whose image has a volume, with something in it.
family_with_data() {
  local port
  new_port port
  image web "$port"
  expect_done belay build "$app"
  expect_done belay start "$app" new
  expect_done belay exec "$app" sh -c 'echo precious >/var/www/kept'
}
kept_in() { api GET "/containers/$1/archive?path=/var/www/kept" | tar -xOf - 2>/dev/null; }
make_definition() {  # NAME JSON-MEMBERS
  mkdir -p conf
  jq -n --arg name "$1" --arg image "$prefix-image:1" "{name: \$name, image: \$image, update: {pull: false}} + {${2:-}}" >"conf/$1.json"
}

test_a_family_goes_on_as_a_compose_project_with_its_data() {
  family_with_data
  expect_done belay export --compose "$app" -p "$app2" -o compose.yaml
  expect_equal 'mode of the file' 600 "$(stat -c %a compose.yaml)"
  expect grep -q 'external: true' compose.yaml
  expect_refused 1 belay export --compose "$app" -o compose.yaml
  expect_err 'compose.yaml is there already'
  # Here the project has a service of that name.
  expect_refused 2 belay stop "$app"
  expect_err "$app/ for the app"
  expect_done belay stop "$app/"
  expect_done belay up
  expect_equal 'the data' precious "$(kept_in "$app2-$app-1")"
  expect_done belay plan
  expect_out 'nothing to do'
  expect_done belay remove "$app2" --volumes --yes-lose-data "$app2"
  # What is external is no volume of the project.
  expect_done belay start "$app/"
  expect_equal 'the data' precious "$(kept_in "$(running "$app")")"
}

test_a_host_of_definitions_becomes_one_file() {
  build_image 1 web
  local each
  make_definition "$app" 'links: {"'"$app2"'": "base"}, env: {TOKEN: "a$b '"'"'c"}, signal: {"other": "HUP"}'
  make_definition "$app2" 'volumes: [{containerPath: "/var/www"}]'
  expect_done belay apply conf
  expect_done belay exec "$app2" sh -c 'echo precious >/var/www/kept'
  run belay export --compose ./conf -p "$prefix-host" -o host.yaml --env-file host.env
  expect_exit 3
  expect_err 'signals'
  expect grep -q "^#   .*signals" host.yaml
  expect_not grep -q "a.*b 'c" host.yaml
  expect_equal 'mode of the variables' 600 "$(stat -c %a host.env)"
  rm host.yaml host.env
  expect_done belay export --compose ./conf -p "$prefix-host" -o host.yaml --env-file host.env --partial
  expect_done belay config -f host.yaml --env-file host.env
  expect_out 'external_links'
  # Their names are in use as long as both are there.
  run belay up -f host.yaml --env-file host.env
  expect_exit 1
  expect_err "belay cleanup"
  for each in "$app" "$app2"; do
    expect_done belay stop "$each"
    expect_done belay remove "$each" --yes
  done
  expect_done belay up -f host.yaml --env-file host.env
  expect_equal 'the data' precious "$(kept_in "$app2")"
  expect_equal 'the variable' "TOKEN=a\$b 'c" "$(inspect "$app" '.Config.Env[]' | grep TOKEN)"
  expect_equal 'the link' "/$app2:/$app/base" "$(inspect "$app" '.HostConfig.Links[0]')"
}

test_a_unit_goes_on_as_a_compose_project_with_its_data() {
  build_image 1
  mkdir -p conf/units/"$app"
  cat >conf/units/"$app"/start.yaml <<END
$app-db:
  creation: {image: "$prefix-image:1", entrypoint: [sleep, "10000"], volumes: [/var/www]}
$app-web:
  creation: {image: "$prefix-image:1", entrypoint: [sleep, "10000"], environment: {COLOUR: red}}
  startup: {links: {$app-db: db}}
---
- $app-db: {command: start}
- $app-web: {command: start}
END
  expect_done belay unit run -c conf "$app"
  expect_done belay exec "$app/$app-db" sh -c 'echo precious >/var/www/kept'
  expect_done belay export --compose "$app" -p "$app2" -o compose.yaml
  expect_done belay remove "$app" --yes
  expect_done belay up -f compose.yaml
  expect_equal 'the data' precious "$(kept_in "$app-db")"
  expect_equal 'the names of the database' true "$(inspect "$app-db" '[.NetworkSettings.Networks[].Aliases[]] | contains(["db"])')"
  run belay up -f compose.yaml --exit-unchanged
  expect_exit 3
}

test_docker_compose_takes_what_was_exported() {
  docker compose version >/dev/null 2>&1 || return 0
  family_with_data
  expect_done belay export --compose "$app" -p "$app2" -o compose.yaml
  expect_done belay stop "$app"
  run docker compose up -d
  expect_exit 0
  expect_equal 'the data' precious "$(kept_in "$app2-$app-1")"
  run docker compose down -v
  expect_exit 0
  expect_done belay start "$app"
  expect_equal 'the data' precious "$(kept_in "$(running "$app")")"
}

test_what_export_means_elsewhere_is_answered() {
  family_with_data
  run belay export "$app"
  expect_exit 2
  expect_err "belay export --compose $app"
  expect_err 'docker export'
  run belay export --compose "$app" --pin
  expect_exit 0
  expect_err 'has no digest'
}

run_tests "$@"

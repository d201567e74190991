#!/bin/bash
# What an app's labels say of its data: hooks, how many backups and snapshots stay; and backups of several containers.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

# labelled LABEL=VALUE…: keeper with these labels.
labelled() {
  volume=${app}_data folder=$work/bound file=$work/app.conf backups=$work/backups
  export BELAY_BACKUPS=$backups
  [ -e "$folder" ] || { build_image keeper keeper; mkdir "$folder"; }
  jq -n --arg volume "$volume" --arg folder "$folder" --arg turn "${turn:-}" \
    '{default: {volumes: {($volume): "/data", ($folder): "/bound"}, env: {TURN: $turn},
      raw: [$ARGS.positional[] | "--label=" + .]}}' \
    --args "$@" >"dcv-$app"
  expect_done belay deploy "$app" --image "$prefix-image:keeper" --config-file "dcv-$app"
  data=$(data_of "$volume")
}
# tell WORD: a hook that writes it, by a shell in the container; told: all words so far.
tell() { echo "sh -c \"echo $1 in \\\$(cat /etc/hostname) >>/data/told\""; }
told() { awk '{print $1}' "$data/told" 2>/dev/null | paste -sd ' '; }
told_in_backup() {
  zstd -dc "$backup" | tar -xO --wildcards "data/*-$volume.tar.*" | tar -xO ./told | awk '{print $1}' | paste -sd ' '
}

test_hooks_of_labels_and_options_run_in_the_container_in_order() {
  labelled "belay.backup.before=$(tell label-before)" "belay.backup.after=$(tell label-after)"
  backed_up --before "$(tell option-before)" --after "$(tell option-after)"
  expect_equal 'what was told before' 'option-before label-before' "$(told_in_backup)"
  expect_equal 'what was told in all' 'option-before label-before option-after label-after' "$(told)"
  expect_equal 'where' "$(inspect "$(running "$app")" .Config.Hostname)" "$(awk '{print $3}' "$data/told" | sort -u)"
  goes_on
}
test_what_fails_before_ends_the_backup_but_not_what_comes_after_it() {
  local before
  labelled "belay.backup.before=$(tell label-before)" "belay.backup.after=$(tell label-after)"
  before=$(inspect "$(running "$app")" '[.Id, .State.StartedAt] | join(" ")')
  run belay backup "$app" --before 'sh -c "echo no dump today >&2; exit 3"' --before "$(tell never)" \
    --after "$(tell option-after)"
  expect_exit 1
  expect_said 'no dump today'
  expect_equal 'what was told' 'option-after label-after' "$(told)"
  expect_equal 'backups' 0 "$(number_of_backups)"
  expect_equal 'the container' "$before" "$(inspect "$(running "$app")" '[.Id, .State.StartedAt] | join(" ")')"
  goes_on
  rm "$data/told"
  labelled 'belay.backup.before=sh -c "echo no dump by label >&2; exit 4"' "belay.backup.after=$(tell label-after)"
  run belay backup "$app"
  expect_exit 1
  expect_said 'no dump by label'
  expect_equal 'what was told' 'label-after' "$(told)"
  expect_equal 'backups' 0 "$(number_of_backups)"
  # Words that do not end.
  labelled 'belay.backup.before=sh -c "'
  expect_refused 1 belay backup "$app"
  expect_said 'belay.backup.before.*never closed'
  goes_on
}
test_labels_say_how_many_backups_stay() {
  labelled belay.backup.keep=last=2
  local name
  for name in one two three; do backed_up --live -o "$backups/$name.belay.tar.zst"; done
  expect_done belay backups "$app" --prune --dry-run
  expect_out 'remove .*one'
  expect_done belay backups "$app" --prune -y
  # shellcheck disable=SC2012
  expect_equal 'files' 'three.belay.tar.zst two.belay.tar.zst' "$(ls "$backups" | paste -sd ' ')"
  labelled belay.backup.keep=sometimes
  expect_refused 2 belay backups "$app" --prune -y
  expect_said 'belay.backup.keep'
}
test_labels_say_when_snapshots_are_made_and_how_many_stay() {
  labelled belay.snapshot=true belay.snapshot.keep=1
  for turn in 2 3; do
    echo "before $turn" >"$data/note"
    labelled belay.snapshot=true belay.snapshot.keep=1
  done
  expect_equal 'snapshots' s2 "$(belay snapshots "$app" --json | jq -r '.snapshots[].snapshot' | paste -sd ' ')"
  echo after >"$data/note"
  expect_done belay rollback "$app" --with-data
  expect_equal 'the data' 'before 3' "$(cat "$data/note")"
  turn=4
  labelled belay.snapshot.keep=many
  run belay snapshot "$app"
  expect_exit 1
  expect_said 'belay.snapshot.keep'
  goes_on
}

# ---- several containers ----

# What happened to them since SINCE: "die NAME" and so on, in order.
story_since() {  # SINCE
  api GET "/events?since=$1&until=$(date +%s.%N)&filters=$(filter type container)" |
    jq -r --arg app "$app" 'select(.Actor.Attributes["belay.app"] == $app) |
      select(.Action | IN("pause", "unpause", "die", "start")) | "\(.Action) \(.Actor.Attributes.name | ltrimstr($app))"' | paste -sd ,
}
three_replicas() {
  build_image keeper keeper
  export BELAY_BACKUPS=$work/backups
  backups=$BELAY_BACKUPS volume=${app}_data
  mkdir -p conf
  jq -n --arg name "$app" --arg image "$prefix-image:keeper" \
    '{name: $name, image: $image, replicas: 3, update: {pull: false}, volumes: [{containerPath: "/data"}]}' >"conf/$app.json"
  expect_done belay apply conf
  data=$(data_of "$volume")
  echo first >"$data/note"
}
test_all_containers_of_an_app_stand_still_those_that_need_others_first() {
  three_replicas
  local since
  since=$(date +%s.%N)
  backed_up --stop
  expect_equal 'what happened' 'die -3,die -2,die ,start ,start -2,start -3' "$(story_since "$since")"
  since=$(date +%s.%N)
  backed_up
  expect_equal 'what happened' 'pause -3,pause -2,pause ,unpause ,unpause -2,unpause -3' "$(story_since "$since")"
  expect_equal 'what runs' 3 "$(running "$app" | wc -l)"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "$app" 2>&1)"
}
test_of_several_containers_only_those_that_ran_are_paused() {
  three_replicas
  local since
  api POST "/containers/$app-2/stop" >/dev/null
  since=$(date +%s.%N)
  backed_up
  expect_equal 'what happened' 'pause -3,pause ,unpause ,unpause -3' "$(story_since "$since")"
  expect is_down "$app-2"
}
test_of_several_containers_only_those_that_ran_are_started_again() {
  three_replicas
  local since
  api POST "/containers/$app-2/stop" >/dev/null
  since=$(date +%s.%N)
  backed_up --stop
  expect_equal 'what happened' 'die -3,die ,start ,start -3' "$(story_since "$since")"
  expect is_down "$app-2"
}

run_tests "$@"

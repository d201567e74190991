#!/bin/bash
# Registries that are slow, want fewer requests, lie, or go away: nothing is stopped, the reason is told, and what was
# missed is made up for when they behave again. bad_registry stands before a real one and misbehaves on command.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# start_registries: a real one at $upstream, and at $registry what answers as `behaves` says.
start_registries() {
  local port behind
  new_port behind
  new_port port
  upstream=127.0.0.1:$behind registry=127.0.0.1:$port
  cat >"$place/upstream.yml" <<YML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$place/upstream"}}
http: {addr: "$upstream", secret: "only for this test"}
YML
  background docker-registry serve "$place/upstream.yml" >"$place/upstream.log" 2>&1
  behaves
  : >"$place/requests"
  start_bad_registry
}
start_bad_registry() {
  background "$here/bad_registry" "${registry#*:}" "${upstream#*:}" "$place" 2>"$place/bad_registry.log"
  bad_registry=$pid
  eventually curl -s -o /dev/null "http://$registry/v2/"
}
# behaves [RULE…]: see bad_registry. Nothing: well.
behaves() {
  printf '%s\n' "$@" | sed '/^$/d' >"$place/how.new"
  mv "$place/how.new" "$place/how"
}
requests() { wc -l <"$place/requests"; }
was_asked() { grep -qE -- "$1" "$place/requests"; }  # PATTERN

# publish TAG [KIND [TEXT]]: that image is in the registry, and not on the engine.
publish() {
  build_image pushed "${2:-plain}" "${3:-$1}"
  api POST "/images/$prefix-image:pushed/tag?repo=$upstream/$prefix&tag=$1"
  api POST "/images/$upstream/$prefix/push?tag=$1" -H 'X-Registry-Auth: e30=' >"$place/pushed"
  ! grep -q '"error"' "$place/pushed" || fail "no push: $(<"$place/pushed")"
  # By its id: with the last name goes the image.
  published=$(image_id "$prefix-image:pushed")
  api DELETE "/images/$published?force=1" >/dev/null
}
manifest=application/vnd.docker.distribution.manifest.v2+json
manifest_of() { curl -s -H "Accept: $manifest" "http://$upstream/v2/$prefix/manifests/$1"; }  # TAG
layer_of() { manifest_of "$1" | jq -r '.layers[-1].digest'; }                                # TAG
copy_tag() {                                                                                 # FROM TO
  manifest_of "$1" |
    curl -s -X PUT -H "Content-Type: $manifest" --data-binary @- "http://$upstream/v2/$prefix/manifests/$2"
}
define() {  # NAME [MEMBERS]
  mkdir -p conf
  jq -n --arg name "$1" --arg image "$registry/$prefix:1" "{name: \$name, image: \$image} + {${2:-}}" >"$place/new.json"
  mv "$place/new.json" "conf/$1.json"
}
# The daemon asks registries when it is told to (look), and not because a minute is over.
serve() {
  : >"$place/log"
  background "$BELAY" serve "$work/conf" --interval 1h 2>>"$place/log"
  daemon=$pid
  eventually logged 'keeping this host'
}
stop_serving() {
  kill -TERM "$daemon"
  ended "$daemon"
  expect_exit 0
}
logged() { grep -q -- "$1" "$place/log"; }
times_read() { grep -c 'the settings were read again' "$place/log"; }
was_read() { [ "$(times_read)" -gt "$1" ]; }
# look: a pass that asks registries, unless they are to be left alone; it has begun. two_looks: two of them, which are
# over, because another one has begun.
look() {
  local before
  before=$(times_read)
  kill -HUP "$daemon"
  eventually was_read "$before"
}
two_looks() { look; look; look; }
runs() { [ "$(inspect "$1" '.State.Running and .Image == "'"$2"'"')" = true ]; }  # CONTAINER IMAGE-ID
has_proved_itself() { [ "$(belay releases "$1" --json 2>/dev/null | jq -r '.releases[0].verdict')" = passed ]; }
why_says() { belay why "${2:-$app}" | grep -qE -- "$1"; }                         # PATTERN [APP]
# What was there before trouble: $app of the image $first, in the container $container.
app_of_the_registry() {
  start_registries
  publish 1 plain one
  first=$published
  define "$app"
}
served() {
  serve
  eventually runs "$app" "$first"
  container=$(alike)
}
alike() { inspect "$app" '[.Id, .State.Pid, .State.StartedAt] | join(" ")'; }
is_untouched() { expect_equal 'the container' "$container" "$(alike)"; }

# ---- fewer requests ----

test_who_wants_fewer_requests_is_left_alone() {
  local asked
  app_of_the_registry
  define "$app2"
  served
  eventually runs "$app2" "$first"
  publish 1 plain two
  behaves 'limit * / 3600'
  look
  # Both apps know it, whoever of them asked.
  eventually why_says 'wants fewer requests.*reached your limit'
  eventually why_says 'wants fewer requests' "$app2"
  asked=$(requests)
  two_looks
  expect_equal 'requests meanwhile' "$asked" "$(requests)"
  expect why_says 'left alone for 10 min'
  is_untouched
  # The engine does not pass on how long: it is not asked either now that it would answer.
  behaves
  two_looks
  expect_equal 'requests meanwhile' "$asked" "$(requests)"
  stop_serving
  is_untouched
  serve
  eventually runs "$app" "$published"
  eventually runs "$app2" "$published"
  expect_not why_says requests
}
test_who_is_asked_for_tags_is_left_alone_for_as_long_as_it_says() {
  local asked
  start_registries
  publish 1.0.0 plain one
  first=$published
  define "$app" "image: \"$registry/$prefix:1.0.0\", update: {pattern: \"semver ^1\"}"
  served
  publish 1.1.0 plain two
  behaves 'page * /tags/'
  look
  eventually why_says 'what answers at .* is not a registry'
  is_untouched
  behaves 'limit * /tags/ 3600'
  look
  look
  eventually why_says 'wants fewer requests.*left alone for 1 h'
  asked=$(requests)
  two_looks
  expect_equal 'requests meanwhile' "$asked" "$(requests)"
  stop_serving
  run belay apply conf
  expect_exit 0
  expect_err 'wants fewer requests'
  is_untouched
  behaves 'limit * /tags/ 1'
  serve
  eventually why_says 'wants fewer requests'
  behaves
  eventually it_runs_after_a_look "$published"
  expect_not why_says requests
}
it_runs_after_a_look() {  # IMAGE-ID
  look
  runs "$app" "$1"
}

test_who_counts_pulls_is_left_alone_too() {
  local asked
  own_engine --host-network -- --max-download-attempts 1
  app_of_the_registry
  served
  publish 1 plain two
  # What there is may be asked at all times, what it is not: so do registries that count pulls.
  behaves "limit GET $(layer_of 1) 3600"
  look
  eventually why_says 'reached your limit'
  asked=$(requests)
  two_looks
  expect_equal 'requests meanwhile' "$asked" "$(requests)"
  is_untouched
  behaves
  stop_serving
  serve
  eventually runs "$app" "$published"
}

# ---- slow ----

test_a_slow_one_keeps_nobody_waiting() {
  local third=${prefix}third
  app_of_the_registry
  publish other plain other
  define "$app2" "image: \"$registry/$prefix:other\""
  expect_done belay apply conf
  container=$(alike)
  publish 1 plain two
  behaves 'hold * /manifests/1'
  serve
  eventually was_asked 'manifests/1 hold'
  api POST "/containers/$app2/kill" >/dev/null
  eventually is_up "$app2"
  eventually logged "$app2 was not as its release has it; it is now"
  is_untouched
  # In the middle of the pull.
  behaves 'trickle GET /blobs/'
  eventually was_asked 'blobs/.* trickle'
  is_untouched
  stop_serving
  is_untouched

  : >"$place/requests"
  define "$third" "image: \"$registry/$prefix:other\""
  behaves 'hold * /manifests/1'
  background "$BELAY" apply conf >"$place/said" 2>&1
  eventually was_asked 'manifests/1 hold'
  eventually has_proved_itself "$third"
  is_untouched
  kill -INT "$pid"
  ended "$pid"
  expect_exit 130
  is_untouched
  behaves
  expect_done belay apply conf
  expect runs "$app" "$published"
  expect is_up "$third"
}

# ---- lies ----

test_a_liar_changes_nothing() {
  local nothing asked
  nothing=sha256:$(printf '0%.0s' {1..64})
  app_of_the_registry
  copy_tag 1 old
  served
  publish 1 plain two
  # The digest of something that it does not have.
  behaves "digest HEAD /manifests/1 $nothing"
  look
  eventually why_says 'not known whether there is a newer image.*has no'
  # A page where there should be a manifest, and everywhere.
  behaves 'page * /manifests/'
  look
  eventually why_says "not known whether there is a newer image.*invalid character '<'"
  behaves 'page * /'
  look
  is_untouched
  # It names one digest, and gives what has another: that tag is not pulled again and again.
  behaves 'instead GET /manifests/ old'
  look
  look
  eventually why_says 'another digest.*left alone for 10 min'
  asked=$(requests)
  two_looks
  expect_equal 'requests meanwhile' "$asked" "$(requests)"
  is_untouched
  # Another tag is another matter.
  define "$app2" "image: \"$registry/$prefix:old\""
  eventually runs "$app2" "$first"
  stop_serving
  behaves 'page * /'
  expect_done belay apply conf
  expect_err "$app: .*invalid character '<'"
  is_untouched
  # A digest that nobody verifies by, and content that bears its own.
  behaves "digest GET /manifests/ $nothing"
  serve
  eventually runs "$app" "$published"
}

# ---- gone ----

test_one_that_goes_away_is_back_some_time() {
  local layer other
  # An engine that tries again does so for a minute.
  own_engine --host-network -- --max-download-attempts 1
  app_of_the_registry
  served
  publish other plain other
  other=$published
  publish 1 plain two
  layer=$(layer_of 1)
  behaves "trickle GET $layer"
  look
  eventually was_asked "$layer trickle"
  end_process "$bad_registry"
  eventually why_says 'pull .*refused'
  is_untouched
  # What is not here yet has to wait; nobody waits with it.
  define "$app2" "image: \"$registry/$prefix:other\""
  eventually logged "$app2.*refused"
  look
  eventually why_says 'not known whether there is a newer image.*refused'
  is_untouched
  run belay apply conf
  expect_exit 1
  expect_err "$app2.*refused"
  is_untouched
  behaves
  start_bad_registry
  look
  eventually runs "$app" "$published"
  eventually runs "$app2" "$other"
  expect_not why_says refused
}

run_tests "$@"

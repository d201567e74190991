#!/bin/bash
# A database that is written to all the time: whatever moment a backup catches, what comes back is whole, has no gap, and
# everything that was certain when the backup began.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/data.sh"

rounds=${SQLITE_ROUNDS:-10}

# An image with sqlite3 and the libraries it needs. Its containers add rows without end, and first say what they found.
build_database_image() {
  local program
  program=$(command -v sqlite3) || fail 'no sqlite3 on this machine'
  mkdir -p database && cd database || exit 1
  image plain
  linked_program rootfs "$program" /bin
  cat >rootfs/start <<'SCRIPT'
trap 'exit 0' TERM INT
[ ! -e /data/db ] || {
  sqlite3 /data/db 'pragma integrity_check; select count(*), min(n), max(n), sum(length(filling)) from row' >/tmp/found 2>&1
  cat /tmp/found >/data/found
}
sqlite3 /data/db "pragma journal_mode = $JOURNAL; create table if not exists row (n integer primary key, filling text)" >/dev/null
n=$(sqlite3 /data/db 'select ifnull(max(n), 0) from row')
while :; do
  # Two in one go: a torn transaction would leave an odd number.
  sqlite3 /data/db "begin; insert into row values ($((n + 1)), hex(randomblob(500))); insert into row values ($((n + 2)), hex(randomblob(500))); commit" &&
    n=$((n + 2)) && echo $n >/data/certain.new && busybox mv /data/certain.new /data/certain
done
SCRIPT
  tar -C rootfs -c . | api POST "/images/create?fromSrc=-&repo=$prefix-image&tag=database&changes=CMD%20%5B%22/bin/sh%22,%22/start%22%5D&changes=ENV%20PATH=/bin" \
    -H 'Content-Type: application/x-tar' --data-binary @- >"$place/made"
  cd "$work" || exit 1
  image_exists "$prefix-image:database" || fail "no image: $(<"$place/made")"
}
certain() { cat "$data/certain" 2>/dev/null || echo 0; }
has_rows() { [ "$(certain)" -gt "${1:-0}" ]; }
has_found() { [ -s "$found" ]; }

backed_up_whole() {  # JOURNAL
  build_database_image
  volume=${app}_data backups=$work/backups
  export BELAY_BACKUPS=$backups
  jq -n --arg volume "$volume" --arg journal "$1" '{default: {volumes: {($volume): "/data"}, env: {JOURNAL: $journal}}}' >"dcv-$app"
  expect_done belay deploy "$app" --image "$prefix-image:database" --config-file "dcv-$app"
  data=$(data_of "$volume")
  local round before after said
  for ((round = 1; round <= rounds; round++)); do
    eventually has_rows "$(certain)"
    before=$(certain)
    backed_up
    after=$(certain)
    expect_done belay restore "$app" "$backup" --as "$app2"
    found=$(data_of "$(mount_at "$(running "$app2")" /data | cut -d ' ' -f 2)")/found
    eventually has_found
    mapfile -t said <"$found"
    expect_equal "integrity in round $round" ok "${said[0]}"
    local count first last length
    IFS='|' read -r count first last length <<<"${said[1]}"
    expect_equal "first row in round $round" 1 "$first"
    expect_equal "rows without a gap in round $round" "$last" "$count"
    expect_equal "whole transactions in round $round" 0 $((count % 2))
    expect_equal "whole rows in round $round" $((count * 1000)) "$length"
    [ "$last" -ge "$before" ] || fail "rows are lost in round $round" "at least $before" "$last"
    # One more may have been written than was noted.
    [ "$last" -le $((after + 2)) ] || fail "rows from nowhere in round $round" "at most $((after + 2))" "$last"
    expect_done belay remove "$app2" --volumes --yes-lose-data "$app2"
    goes_on
  done
}
test_a_database_with_a_rollback_journal() { rounds=$(((rounds + 1) / 2)) && backed_up_whole delete; }
test_a_database_with_a_write_ahead_log() { rounds=$((rounds / 2)) && backed_up_whole wal; }

run_tests "$@"

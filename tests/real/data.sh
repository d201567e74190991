# shellcheck shell=bash disable=SC2034,SC2154
# What the tests of data share, beside lib.sh. An app of these tests has the volume $volume at /data, the folder $folder at
# /bound and the file $file at /etc/app.conf; $data is where the volume's files are on this machine, $backup the newest
# backup, $backups the folder with all of them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# keeper [RUIN]: the app as above, running; once more with RUIN: a release that spoils the data.
keeper() {
  volume=${app}_data folder=$work/bound file=$work/app.conf backups=$work/backups
  export BELAY_BACKUPS=$backups
  [ -e "$file" ] || {
    build_image keeper keeper
    mkdir "$folder"
    echo 'first of the folder' >"$folder/note"
    echo 'first of the file' >"$file"
  }
  define "${1:-}"
  run belay deploy "$app" --image "$prefix-image:keeper" --config-file "dcv-$app"
  [ -n "${1:-}" ] || expect_exit 0
  data=$(data_of "$volume")
  [ -e "$data/note" ] || [ -n "${1:-}" ] || echo 'first of the volume' >"$data/note"
}
define() {  # [RUIN]
  jq -n --arg volume "$volume" --arg folder "$folder" --arg file "$file" --arg ruin "${1:-}" \
    '{default: {volumes: {($volume): "/data", ($folder): "/bound", ($file): "/etc/app.conf"}, env: {RUIN: $ruin}}}' >"dcv-$app"
}
data_of() { api GET "/volumes/$1" | jq -r .Mountpoint; }
# newest_backup: the newest file in $backups in $backup.
newest_backup() { backup=$(find "$backups" -name '*.belay.tar.*' ! -name '.*' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-); }
backed_up() {  # [OPTION…]
  expect_done belay backup "$app" "$@"
  newest_backup
  expect [ -n "$backup" ]
}
# All three notes say WORD.
write_notes() {  # WORD
  echo "$1 of the volume" >"$data/note"
  echo "$1 of the folder" >"$folder/note"
  echo "$1 of the file" >"$file"
}
notes_say() {  # WORD
  expect_equal 'the note in the volume' "$1 of the volume" "$(cat "$data/note" 2>&1)"
  expect_equal 'the note in the folder' "$1 of the folder" "$(cat "$folder/note" 2>&1)"
  expect_equal 'the file' "$1 of the file" "$(cat "$file" 2>&1)"
}
# The app runs as it should: one container, not paused, that comes back after a power cut.
goes_on() {  # [APP]
  local name
  name=$(running "${1:-$app}")
  expect_equal 'how many containers run' 1 "$(grep -c . <<<"$name")"
  expect_equal 'state' running "$(inspect "$name" .State.Status)"
  expect_equal 'restart policy' unless-stopped "$(restart_policy "$name")"
  expect_equal 'the plan' 'nothing to do' "$(belay plan "${1:-$app}" 2>&1)"
}
# Nothing is there but the app, its data, its snapshots and whole backups.
no_leftovers() {  # [NUMBER-OF-SNAPSHOTS]
  expect_equal 'temporary containers' '' "$(api GET "/containers/json?all=1&filters=$(filter label "belay.temporary=$app")" | jq -r '.[].Names[0]')"
  expect_equal 'reserves of the volume' "${1:-0}" "$(api GET /volumes | jq -r '.Volumes[].Name' | grep -c "^$volume\.")"
  expect_equal 'reserves of the folder' "${1:-0}" "$(find "$work" -maxdepth 1 -name '.bound.*' | wc -l)"
  expect_equal 'reserves of the file' "${1:-0}" "$(find "$work" -maxdepth 1 -name '.app.conf.*' | wc -l)"
  expect_equal 'parts of backups' '' "$(find "$work" -name '*.part')"
}
number_of_backups() { find "$backups" -name '*.belay.tar.*' ! -name '.*' 2>/dev/null | wc -l; }
# expect_said PATTERN: on either stream.
expect_said() { [[ "$out $err" =~ $1 ]] || fail 'what was said' "a match of $1" "$out $err"; }
# What happened to the containers since SINCE (seconds), a word each: pause unpause die stop start …
events_since() {  # SINCE ACTION…
  local since=$1
  shift
  api GET "/events?since=$since&until=$(date +%s.%N)&filters=$(filter type container)" |
    jq -r --arg app "$app" --arg wanted " $* " \
      'select(.Actor.Attributes["belay.app"] == $app) | .Action | select(. as $a | $wanted | contains(" \($a) "))' | paste -sd ' '
}

# listing FOLDER: all that Linux keeps of what is in it, but the times of reading and of the last change.
listing() {
  (
    cd "$1" || exit 1
    local path
    while IFS= read -r -d '' path; do
      if [ -d "$path" ] && [ ! -L "$path" ]; then
        find "$path" -maxdepth 0 -printf '%p %y %m %U:%G %T@\n'
      else
        find "$path" -maxdepth 0 -printf '%p %y %m %U:%G %T@ %s %n %l\n'
        [ ! -c "$path" ] || stat -c 'device %t:%T' "$path"
      fi
      getfattr -h -d -m - -e hex -- "$path" 2>/dev/null | sed 1d | sort
      [ ! -f "$path" ] || [ -L "$path" ] || sha256sum <"$path"
    done < <(find . -print0 | LC_ALL=C sort -z)
  )
}
# fill_with_everything FOLDER: every kind of file, every attribute.
fill_with_everything() {
  (
    cd "$1" || exit 1
    mkdir -p empty deep/er/still 'odd names'
    echo text >plain
    : >nothing
    echo program >program
    chmod 4755 program
    setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 capable 2>/dev/null
    echo capable >capable
    setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 capable || exit 1
    echo shared >deep/shared
    chmod 2775 deep
    chmod 1777 empty
    echo private >deep/er/private
    chmod 0000 deep/er/private
    chown 12345:54321 deep/er/private plain
    ln deep/shared deep/er/same
    ln deep/shared 'odd names/same too'
    ln -s plain link
    ln -s /nowhere/at/all dangling
    ln -s ../.. deep/up
    chown -h 77:88 link
    mkfifo -m 640 pipe
    mknod -m 604 device c 1 3 || exit 1
    echo a >'odd names/ leading and trailing '
    echo b >$'odd names/new\nline'
    echo c >$'odd names/not \xff utf-8 \xc3'
    echo d >'odd names/back\slash'
    echo e >'odd names/-dash'
    echo f >'odd names/$(quotes)"'"'"
    echo g >"odd names/$(printf 'n%.0s' {1..250})"
    echo h >"odd names/ümläut"
    setfattr -n user.comment -v 'first line' plain || exit 1
    setfattr -n user.binary -v 0x00ff0a00 plain || exit 1
    setfattr -n user.of.a.folder -v yes empty || exit 1
    setfacl -m u:4711:r--,g:815:rw-,m::rwx plain || exit 1
    setfacl -d -m u:4711:rwx deep/er || exit 1
    # Three pieces of content with holes between, before and after.
    truncate -s 40M sparse
    echo one | dd of=sparse bs=1 seek=1048576 conv=notrunc status=none
    head -c 100000 /dev/urandom | dd of=sparse bs=4096 seek=5000 conv=notrunc status=none
    truncate -s 5M only-hole
    head -c 3000000 /dev/urandom >random
    # Times last: the changes above set them anew.
    touch -h -d '2001-02-03 04:05:06.123456789' link
    touch -d '1969-12-31 23:59:58.5' plain
    touch -d '2038-01-20 00:00:00.000000001' program
    touch -d '2020-02-29 12:00:00.987654321' empty deep/er/still
    chown 33:44 .
    chmod 3771 .
    setfattr -n user.root -v too .
    touch -d '2011-11-11 11:11:11.111111111' .
  ) || fail 'this machine cannot make such files'
}
is_sparse() { [ $(($(stat -c '%b' "$1") * 512)) -lt $(($(stat -c '%s' "$1") / 4)) ]; }

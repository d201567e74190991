#!/bin/bash
# s3.sh TESTS [PORT]: backups in an S3 store through rclone, with TESTS = build/dev/tests/backup/backup_tests. The store
# is s3rver, for Node.js, which is no package of Debian; with Node.js it is too much for a machine that only tests.
set -euo pipefail
tests=$(realpath "${1:?the backup_tests program}")
port=${2:-24568}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/belay-tests
work=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

[ -d "$cache/node_modules/s3rver" ] || npm install --silent --no-audit --no-fund --prefix "$cache" s3rver@3.7.1
mkdir "$work/store"
node "$cache/node_modules/s3rver/bin/s3rver.js" --directory "$work/store" --address 127.0.0.1 --port "$port" \
  --silent --configure-bucket belay >"$work/log" 2>&1 &
server=$!
for _ in {1..100}; do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done

cat >"$work/rclone.conf" <<END
[s3]
type = s3
provider = Other
access_key_id = S3RVER
secret_access_key = S3RVER
endpoint = http://127.0.0.1:$port
END
# Some rclone cannot go on where this is set.
unset AWS_CA_BUNDLE
BELAY_RCLONE="rclone --config $work/rclone.conf" BELAY_TEST_PLACE=rclone:s3:belay/daily \
  "$tests" --gtest_filter='AnyPlace.*'

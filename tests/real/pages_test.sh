#!/bin/bash
# Pages that a reader types line by line: each command on them ends as the page shows it. Images of the registry are
# stand-ins made of busybox under the same names. TYPED_PAGES=--write puts what was printed into the pages instead.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

repository=$(realpath "$here/../..")

# stand_in REFERENCE [CHANGE…]: an image with the programs of busybox, whose web page says which one it is.
stand_in() {
  local applet change query=()
  mkdir -p "$place/stand-in"/{bin,tmp,data,usr/share/nginx/html}
  cp "$(command -v busybox)" "$place/stand-in/bin/busybox"
  for applet in sh httpd wget sleep cat echo ls touch rm true false hostname; do ln -sf busybox "$place/stand-in/bin/$applet"; done
  echo "Welcome to ${1/:/ }" >"$place/stand-in/usr/share/nginx/html/index.html"
  for change in "${@:2}"; do query+=(--data-urlencode "changes=$change"); done
  query=$(curl -s -o /dev/null -G -w '%{url_effective}' --data-urlencode changes='ENV PATH=/bin' "${query[@]}" http://127.0.0.1:1/ || true)
  tar -C "$place/stand-in" -cf "$place/stand-in.tar" .
  api POST "/images/create?fromSrc=-&repo=${1%:*}&tag=${1#*:}&${query#*\?}" -H 'Content-Type: application/x-tar' \
    --data-binary "@$place/stand-in.tar" >/dev/null
}
images() {
  local web='CMD ["sh","-c","httpd -p 80 -h /usr/share/nginx/html; trap exit TERM; sleep 2147483647 & wait"]'
  stand_in busybox:1.36 'CMD ["sh"]'
  stand_in nginx:1.25 "$web" 'EXPOSE 80'
  stand_in nginx:1.27 "$web" 'EXPOSE 80'
  stand_in redis:7.2 'CMD ["sh","-c","trap exit TERM; sleep 2147483647 & wait"]' 'VOLUME /data' 'EXPOSE 6379'
}
# page FILE…: types them on an engine of their own, one after the other, each in an empty folder and on an empty host.
page() {
  local file
  for file in "$@"; do
    mkdir "$place/${file##*/}"
    cd "$place/${file##*/}" || fail "no folder for $file"
    run "$engine_script" inside "$engine_folder" env PATH="$PATH" DOCKER_HOST="$DOCKER_HOST" BELAY_BACKUPS="$place/backups" \
      "$here/typed_page" ${TYPED_PAGES:+"$TYPED_PAGES"} "$repository/$file"
    expect_exit 0
    echo "$out"
    api GET '/containers/json?all=1' | jq -r '.[].Id' | while read -r id; do api DELETE "/containers/$id?force=1" >/dev/null; done
    api GET /volumes | jq -r '.Volumes[]?.Name' | while read -r id; do api DELETE "/volumes/$id?force=1" >/dev/null; done
    rm -rf "$BELAY_STATE_DIR" "$place/backups"
  done
}

test_a_reader_types_the_pages() {
  own_engine
  images
  page README.md docs/tutorial.md docs/howto/from-docker-run.md
}

run_tests "$@"

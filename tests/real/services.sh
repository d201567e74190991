# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2016,SC2154
# What the tests of service images share.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
own_mounts "$@"

# An image of a service with two containers, a network and a volume of its own, under $prefix-image:TAG. What its script
# VERB does first is in $place/VERB.hook, where there is one: so a test makes it fail.
service_image() {  # TAG [DOCKERFILE-LINE…]
  local tag=$1 applet root=$place/service-$1 script lines=()
  shift
  export BELAY_LAUNCHERS=$place/bin
  mkdir -p "$root/bin" "$root/dr" "$root/config" "$root/tmp" "$root/data"
  chown 22022:22022 "$root/config" "$root/data"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in sh sleep cat cp ls rm mkdir; do ln -sf busybox "$root/bin/$applet"; done
  echo "$tag" >"$root/version"
  script install 'docker volume create --label "$DR_LABEL" "dr-$1-data" >/dev/null; echo "installing $1 of $DR_REFERENCE"'
  script destroy 'docker rm -f "dr-$1-web" "dr-$1-side" >/dev/null 2>&1; docker network rm "dr-$1-net" >/dev/null 2>&1; exit 0'
  script help 'echo "This is $1."'
  script enter 'docker exec -i "dr-$1-web" sh'
  script backup 'docker run --rm -v "dr-$1-data:/data" -v "$3:/to" "$2" cp -r /data/. /to/'
  script restore 'docker run --rm -v "dr-$1-data:/data" -v "$3:/from" "$2" cp -r /from/. /data/'
  script configure 'printf "%s %s\n" "${GREETING:-none}" "$3" | docker run --rm -i -v "dr-$1-config:/config" -v "dr-$1-data:/data" "$2" sh -c "cat >/config/greeting; echo data >/data/file"'
  script show 'docker run --rm -v "dr-$1-config:/config" -v "dr-$1-data:/data" "$2" sh -c "cat /config/greeting /data/file /version"'
  script code 'exit "$3"'
  script run 'docker network create --label "$DR_LABEL" "dr-$1-net" >/dev/null || exit 1
for part in web side; do docker run -d --stop-timeout 1 --network "dr-$1-net" --name "dr-$1-$part" -v "dr-$1-config:/config" "$2" sleep 10000 >/dev/null || exit 1; done'
  for script in "$root"/dr/*; do [ -s "$script" ] || rm -f "$script"; done
  [ $# -gt 0 ] || set -- 'USER 22022:22022' 'VOLUME /config'
  for script in "$@"; do lines+=(--data-urlencode "changes=$script"); done
  tar -C "$root" -cf "$place/service.tar" .
  import_image "$tag" "${lines[@]}"
}
script() {  # NAME TEXT: of the image that service_image makes
  printf '#!/bin/sh\n[ ! -e "%s/%s.hook" ] || . "%s/%s.hook"\n%s\n' "$place" "$1" "$place" "$1" "$2" >"$root/dr/$1"
  chmod 755 "$root/dr/$1"
}
import_image() {  # TAG QUERY…: from $place/service.tar
  local tag=$1 query
  shift
  query=$(curl -s -o /dev/null -G -w '%{url_effective}' "$@" --data-urlencode 'changes=ENV PATH=/bin' http://127.0.0.1:1/ || true)
  api POST "/images/create?fromSrc=-&repo=$prefix-image&tag=$tag&${query#*\?}" -H 'Content-Type: application/x-tar' \
    --data-binary "@$place/service.tar" >"$place/made"
  image_exists "$prefix-image:$tag" || fail "no image $tag: $(<"$place/made")"
}
# Everything on the engine and on the disk that an install might leave.
everything() {
  world
  find "$place/bin" "$place/state" -path "$place/state/locks" -prune -o -name 'state.db*' -prune -o -print | sort
  getent passwd druser
}
installed() { expect_done belay service install -y "$prefix-image:$1" "$app"; }
busybox_image() {
  local root=$place/all applet
  mkdir -p "$root/bin" "$root/etc" "$root/tmp"
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $(busybox --list | grep -vx busybox); do ln -sf busybox "$root/bin/$applet"; done
  tar -C "$root" -cf "$place/service.tar" .
  import_image all
}

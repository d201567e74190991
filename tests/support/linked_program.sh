# shellcheck shell=bash
# Sourced by tests that put programs of this machine into a root or an image.

# linked_program ROOT PROGRAM FOLDER: the program into that folder of the root, with what it is linked to.
linked_program() {
  local library
  mkdir -p "$1$3"
  cp -L "$2" "$1$3/"
  for library in $(ldd "$2" | grep -o '/[^ ]*'); do
    mkdir -p "$1$(dirname "$library")"
    cp -Lu "$library" "$1$library"
  done
}

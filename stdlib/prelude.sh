# Read by every build and check script of the standard library.
#
# Lists come in variables, one item a line: `words LIST COMMAND...` calls the command with the items added.

# Makes a writable copy of the source in $build, applies the patches, and goes there.
prepare() {
  # The sandbox has made them; not every executor does, and somebody in a shell may have removed them.
  if ! [ -d "$build" ] || ! [ -d "$out" ]; then
    mkdir -p "$build" "$out"
  fi
  if [ -d "$src" ]; then
    cp -a "$src/." "$build"
  fi
  cd "$build"
  if [ -d "$patches" ]; then
    apply_patches
  fi
}

# Applies every file of every patch, in the order of the list, and those of a folder by their paths.
apply_patches() {
  for patch in "$patches"/*; do
    files=$(find "$patch" -type f | LC_ALL=C sort)
    if [ -z "$files" ]; then
      echo "patch ${patch##*/}: there is no file in it" >&2
      exit 1
    fi
    echo "$files" | while IFS= read -r file; do
      echo "patch: ${file#"$patch"/}"
      patch -p1 <"$file"
    done
  done
}

# Goes to the tree that the build left.
resume() {
  cd "$build"
}

# words LIST COMMAND [ARGUMENT...]: the command with the items of LIST, one a line, behind its arguments.
words() {
  words_list=$1
  shift
  words_ifs=$IFS
  IFS='
'
  set -f
  # shellcheck disable=SC2086
  set -- "$@" $words_list
  set +f
  IFS=$words_ifs
  "$@"
}

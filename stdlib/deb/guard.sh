#!/bin/sh
# Programs of many threads may crash at random where they are emulated: there, those of this package are kept to one CPU.
# By its own path this leads the links to them here, where they are emulated; by such a link, it is that program.
set -eu
here=@here@
machine() {
  od -An -tx1 -j18 -N2 "$1" 2>/dev/null
}
# Whether the processor that runs this shell is not the one that the program is made for. Of its own file, but of no
# other's, an emulated process is told what its program would be told on its machine.
is_emulated() {
  [ "$(machine "/proc/$$/exe")" != "$(machine "$1")" ]
}
if [ "$0" = "$here/guard" ]; then
  for program in "$here"/guarded/*/*; do
    if is_emulated "$program"; then
      ln -sf "../lib/${here##*/}/guard" "${here%/lib/*}/${program#"$here/guarded/"}"
    fi
  done
  exit
fi
for program in "$here"/guarded/*/"${0##*/}"; do
  break
done
cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
if [ -n "$cpu" ] && is_emulated "$program"; then
  exec taskset -c "$cpu" "$program" "$@"
fi
exec "$program" "$@"

cd "$folder"
if ! [ -f pyproject.toml ] && ! [ -f setup.py ]; then
  echo "there is no pyproject.toml and no setup.py in $PWD: \`folder\` says where the project lies in the source" >&2
  exit 1
fi
wheel_machine=${triple%%-*}
# The result's build configuration, whichever interpreter reads it.
export _PYTHON_HOST_PLATFORM="linux-$wheel_machine"
export _PYTHON_SYSCONFIGDATA_NAME="_sysconfigdata__linux_$triple"
export PYTHONPATH="$inputs/python:$PYTHONPATH"
# What the interpreter was compiled with, but for `-g`: setuptools takes it only where the variables are not set.
wheel_cflags=$(python3 -P -c 'import sysconfig; print(sysconfig.get_config_var("CFLAGS"))')
wheel_soabi=$(python3 -P -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')
export CFLAGS="$wheel_cflags -g0 $CFLAGS" CXXFLAGS="$wheel_cflags -g0 $CXXFLAGS"
if [ "$triple" != "$build_triple" ]; then
  # Back ends that build with CMake take it from here. The suffix of modules is what FindPython does not ask an
  # interpreter when the result is for another architecture; this one knows it.
  export CMAKE_TOOLCHAIN_FILE=/tmp/xb-toolchain.cmake
  cat >"$CMAKE_TOOLCHAIN_FILE" <<end
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $wheel_machine)
set(CMAKE_LIBRARY_ARCHITECTURE $triple)
if(NOT COMMAND _find_package)
  macro(find_package)
    _find_package(\${ARGV})
    foreach(python Python Python3)
      if(\${python}_FOUND AND NOT \${python}_SOABI)
        set(\${python}_SOABI $wheel_soabi)
      endif()
    endforeach()
  endmacro()
endif()
end
fi
python3 "$inputs/python/requires.py"
words "$wheel_config" python3 -P -m build --wheel --no-isolation --skip-dependency-check --outdir /tmp/xb-wheel
wheel=$(echo /tmp/xb-wheel/*.whl)
wheel=${wheel##*/}
case $wheel in
  *-any.whl) wheel_is=yes ;;
  *-"linux_$wheel_machine".whl) wheel_is=no ;;
  *)
    echo "the wheel $wheel is not for linux_$wheel_machine" >&2
    exit 1
    ;;
esac
if [ "$wheel_is" = yes ]; then
  echo "$wheel: pure, the same for every architecture"
else
  echo "$wheel: compiled for $arch"
fi
case $wheel_pure:$wheel_is in
  yes:no)
    echo "$wheel has compiled modules, and the package says \`pure = true\`" >&2
    exit 1
    ;;
  no:yes)
    echo "$wheel has no compiled module, and the package says \`pure = false\`: the log above may tell why" >&2
    exit 1
    ;;
esac
python3 -P -m installer --destdir "$out" --no-compile-bytecode "/tmp/xb-wheel/$wheel"
# By its suffix an interpreter knows what it can load: what has another one would not be found.
find "$out" -name '*.cpython-*.so' ! -name "*-$triple.so" >/tmp/xb-wrong
if [ -s /tmp/xb-wrong ]; then
  echo "for $triple, the suffix of these modules is wrong:" >&2
  cat /tmp/xb-wrong >&2
  exit 1
fi

-- What LuaRocks would find out about the machine that it runs on, for the result's.
local triple = os_getenv("triple")
local version = os_getenv("lua_version")
rocks_trees = { { name = "result", root = "/tmp/xb-rocks" } }
lua_interpreter = "lua" .. version
-- A wrapper would name the folder where LuaRocks has installed.
wrap_bin_scripts = false
external_deps_dirs = { "/usr/local", "/usr" }
external_deps_subdirs = {
  bin = "bin",
  include = { "include", "include/" .. triple },
  lib = { "lib", "lib/" .. triple },
}
runtime_external_deps_subdirs = external_deps_subdirs
variables = {
  CC = os_getenv("CC"),
  LD = os_getenv("CC"),
  AR = os_getenv("AR"),
  RANLIB = os_getenv("RANLIB"),
  CFLAGS = os_getenv("CFLAGS") .. " " .. os_getenv("CPPFLAGS") .. " -fPIC",
  LIBFLAG = "-shared " .. os_getenv("LDFLAGS"),
  LUA = "/usr/bin/lua" .. version,
  LUA_BINDIR = "/usr/bin",
  LUA_INCDIR = "/usr/include/lua" .. version,
  LUA_LIBDIR = "/usr/lib/" .. triple,
}

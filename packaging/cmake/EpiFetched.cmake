# epi_deps: where the set-up puts what it fetches. The same rule as packaging/setup/locations.py.
if(NOT "$ENV{EPICHAT_DEPS}" STREQUAL "")
  set(epi_deps $ENV{EPICHAT_DEPS})
elseif("$ENV{XDG_CACHE_HOME}" MATCHES "^/")
  set(epi_deps $ENV{XDG_CACHE_HOME}/epichat)
else()
  set(epi_deps $ENV{HOME}/.cache/epichat)
endif()

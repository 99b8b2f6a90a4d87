# Warnings, sanitizers and the one way to make a module.
# -Wno-restrict: g++ 12 reports overlaps inside std::string that are not there (GCC bug 105651).
# -Wno-missing-field-initializers: a designated initialiser names what differs from the member's default.
add_library(epi_flags INTERFACE)
target_compile_options(epi_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-Wnon-virtual-dtor;-Wconversion;-Wno-sign-conversion;-Wno-restrict;-Wno-missing-field-initializers>)
if(EPI_WERROR)
  target_compile_options(epi_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
set(EPI_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
if(EPI_SANITIZE)
  target_compile_options(epi_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${EPI_SANITIZE};-fno-omit-frame-pointer;-fno-sanitize-recover=all>)
  target_link_options(epi_flags INTERFACE -fsanitize=${EPI_SANITIZE})
endif()

# A static library whose includes are rooted at the repository; its folders add their sources by target_sources.
function(epi_add_library name)
  add_library(${name} STATIC ${ARGN})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE epi_flags)
endfunction()

# Collects the one-file plug-ins of a folder and writes the list of their names, X(name) per line, for a registry.
function(epi_collect_plugins target folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  list(SORT sources)
  set(entries "")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM stem)
    string(APPEND entries "X(${stem})\n")
  endforeach()
  cmake_path(GET folder FILENAME name)
  set(generated ${PROJECT_BINARY_DIR}/generated/${target})
  file(CONFIGURE OUTPUT ${generated}/${name}.inc CONTENT "${entries}")
  target_sources(${target} PRIVATE ${sources})
  target_include_directories(${target} PRIVATE ${generated})
endfunction()

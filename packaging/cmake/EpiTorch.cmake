# LibTorch as unpacked from its wheel by packaging/: two imported targets instead of find_package(Torch),
# which would demand a CUDA toolkit and add global flags.
if(NOT EPI_TORCH)
  return()
endif()
if(DEFINED ENV{EPICHAT_DEPS})
  set(epi_deps $ENV{EPICHAT_DEPS})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(epi_deps $ENV{XDG_CACHE_HOME}/epichat)
else()
  set(epi_deps $ENV{HOME}/.cache/epichat)
endif()
set(EPI_TORCH_ROOT ${epi_deps}/libtorch CACHE PATH "Folder that holds torch/ and nvidia/ from the wheels")

find_path(epi_torch_include ATen/core/Tensor.h PATHS ${EPI_TORCH_ROOT}/torch/include NO_DEFAULT_PATH REQUIRED)
find_library(epi_torch_cpu torch_cpu PATHS ${EPI_TORCH_ROOT}/torch/lib NO_DEFAULT_PATH REQUIRED)
find_library(epi_c10 c10 PATHS ${EPI_TORCH_ROOT}/torch/lib NO_DEFAULT_PATH REQUIRED)

add_library(epi_c10 SHARED IMPORTED)
set_target_properties(epi_c10 PROPERTIES IMPORTED_LOCATION ${epi_c10})
add_library(epi_torch SHARED IMPORTED)
set_target_properties(epi_torch PROPERTIES
  IMPORTED_LOCATION ${epi_torch_cpu}
  INTERFACE_LINK_LIBRARIES epi_c10
  INTERFACE_INCLUDE_DIRECTORIES
    "${epi_torch_include};${epi_torch_include}/torch/csrc/api/include")
add_library(Torch::cpu ALIAS epi_torch)

# LibTorch as unpacked from its wheel by packaging/: imported targets instead of find_package(Torch),
# which would demand a CUDA toolkit and add global flags.
#   Torch::cpu   for the engine
#   Torch::cuda  for the CUDA plug-in; only there when the CUDA runtime's headers and library are
if(NOT EPI_TORCH)
  return()
endif()
set(EPI_TORCH_ROOT ${epi_deps}/libtorch CACHE PATH "Folder that holds torch/ and nvidia/ from the wheels")

set(epi_torch_include ${EPI_TORCH_ROOT}/torch/include)
set(epi_torch_lib ${EPI_TORCH_ROOT}/torch/lib)
set(epi_cudart_include ${EPI_TORCH_ROOT}/nvidia/cu13/include)
set(epi_cudart_lib ${EPI_TORCH_ROOT}/nvidia/cu13/lib)
foreach(needed torch/include/ATen/core/Tensor.h torch/lib/libtorch_cpu.so torch/lib/libc10.so)
  if(NOT EXISTS ${EPI_TORCH_ROOT}/${needed})
    message(FATAL_ERROR "${EPI_TORCH_ROOT}/${needed} is missing: ./run.sh fetches LibTorch")
  endif()
endforeach()

add_library(epi_c10 SHARED IMPORTED)
set_target_properties(epi_c10 PROPERTIES IMPORTED_LOCATION ${epi_torch_lib}/libc10.so)
add_library(epi_torch SHARED IMPORTED)
set_target_properties(epi_torch PROPERTIES
  IMPORTED_LOCATION ${epi_torch_lib}/libtorch_cpu.so
  INTERFACE_LINK_LIBRARIES epi_c10
  INTERFACE_INCLUDE_DIRECTORIES "${epi_torch_include};${epi_torch_include}/torch/csrc/api/include")
add_library(Torch::cpu ALIAS epi_torch)

set(epi_torch_cuda_missing "")
foreach(needed torch/lib/libtorch_cuda.so torch/lib/libc10_cuda.so nvidia/cu13/lib/libcudart.so.13
               nvidia/cu13/include/cuda_runtime_api.h)
  if(NOT EXISTS ${EPI_TORCH_ROOT}/${needed})
    list(APPEND epi_torch_cuda_missing ${needed})
  endif()
endforeach()
if(NOT epi_torch_cuda_missing)
  # libtorch_cuda registers its backend when it is loaded, so it must stay linked though no symbol of it is named. What it
  # needs itself (cuBLAS, cuDNN, ...) is only there on a machine with an NVIDIA driver; its own rpath finds it then.
  add_library(epi_torch_cuda INTERFACE)
  target_include_directories(epi_torch_cuda SYSTEM INTERFACE ${epi_cudart_include})
  target_link_options(epi_torch_cuda INTERFACE -Wl,--allow-shlib-undefined)
  target_link_libraries(epi_torch_cuda INTERFACE Torch::cpu
    -Wl,--push-state,--no-as-needed
    ${epi_torch_lib}/libtorch_cuda.so ${epi_torch_lib}/libc10_cuda.so ${epi_torch_lib}/libtorch_cpu.so
    ${epi_torch_lib}/libc10.so ${epi_cudart_lib}/libcudart.so.13
    -Wl,--pop-state)
  add_library(Torch::cuda ALIAS epi_torch_cuda)
endif()

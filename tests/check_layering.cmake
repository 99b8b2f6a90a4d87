# Fails when a file includes a header of a layer it must not know. Each rule: folder | what no #include there may say.
set(torch_headers "<torch/|<ATen/|<c10/")
set(rules
  "core/base@<Q[A-Z]|${torch_headers}|sqlite3|cuda|\"core/[^b]|\"storage/|\"ui/|\"app/"
  "core/text@<Q[A-Z]|${torch_headers}|sqlite3|cuda|\"storage/|\"ui/|\"app/|\"core/(tensor|kv|model|policy|engine)/"
  "core/format@<Q[A-Z]|${torch_headers}|sqlite3|cuda|\"storage/|\"ui/|\"app/|\"core/(tensor|kv|model|policy|engine)/"
  "core/episode@<Q[A-Z]|${torch_headers}|sqlite3|cuda|\"storage/|\"ui/|\"app/|\"core/(tensor|kv|model)/"
  "core/tensor/cpu@${torch_headers}|\"core/(kv|model|policy|engine)/"
  "core/process@<Q[A-Z]|${torch_headers}|sqlite3|cuda|\"core/[^bp]|\"core/policy/|\"storage/|\"ui/|\"app/"
  "core/download@<Q[A-Z]|${torch_headers}|<curl/|sqlite3|cuda|\"storage/|\"ui/|\"app/|\"core/(tensor|kv|model|policy|engine)/"
  "core/wire@<Q[A-Z]|${torch_headers}|sqlite3|cuda|\"storage/|\"ui/|\"app/|\"core/(tensor|kv|model|policy)/"
  "core@<Q[A-Z]|sqlite3|cuda_runtime|\"storage/|\"ui/|\"app/|\"cuda/kernels|<torch/torch.h>|<ATen/ATen.h>"
  "storage@<Q[A-Z]|${torch_headers}|cuda|\"ui/|\"app/|\"core/(tensor|kv|model|policy)/"
  "cuda/kernels@<Q[A-Z]|${torch_headers}|sqlite3|\"core/|\"ui/|\"storage/|\"app/"
  "cuda/decode@<Q[A-Z]|${torch_headers}|sqlite3|\"core/[^bf]|\"ui/|\"storage/|\"app/"
  "cuda/plugin@<Q[A-Z]|sqlite3|\"ui/|\"storage/|\"app/"
  "ui/markdown@<QW|<QPaint|<QText|<QLabel|\"ui/[^m]|\"storage/|\"core/|\"app/"
  "ui/highlight@<QW|<QPaint|<QText|<QLabel|\"ui/[^bh]|\"storage/|\"app/"
  "ui@${torch_headers}|<curl/|sqlite3|cuda_runtime|\"app/|\"core/(tensor|kv|model|policy)/|local_engine"
  "app/window@${torch_headers}|<curl/|sqlite3|cuda_runtime|\"core/(tensor|kv|model|policy)/|local_engine"
  "app/engine@<Q[A-Z]|${torch_headers}|sqlite3|\"ui/|\"storage/"
  "app/download@<Q[A-Z]|${torch_headers}|sqlite3|\"ui/|\"storage/|\"core/(tensor|kv|model|policy|engine)/"
  "app/cli@<Q[A-Z]|${torch_headers}|sqlite3|\"ui/")

set(violations 0)
set(files_checked 0)
foreach(rule IN LISTS rules)
  string(REGEX MATCH "^([^@]+)@(.*)$" _ "${rule}")
  set(folder "${CMAKE_MATCH_1}")
  set(forbidden "${CMAKE_MATCH_2}")
  file(GLOB_RECURSE files "${ROOT}/${folder}/*.h" "${ROOT}/${folder}/*.cpp" "${ROOT}/${folder}/*.cu" "${ROOT}/${folder}/*.cuh")
  foreach(file IN LISTS files)
    math(EXPR files_checked "${files_checked}+1")
    file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
      if(line MATCHES "${forbidden}")
        message(SEND_ERROR "${file}: ${line} is not allowed in ${folder}")
        math(EXPR violations "${violations}+1")
      endif()
    endforeach()
  endforeach()
endforeach()
if(files_checked LESS 20)
  message(FATAL_ERROR "layering: only ${files_checked} files were found below ${ROOT}")
endif()
message(STATUS "layering: ${files_checked} checks, ${violations} violations")

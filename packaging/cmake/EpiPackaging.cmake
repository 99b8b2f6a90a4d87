# What `cmake --install` and CPack put where. LibTorch itself is not packaged: the installed programs look for it where
# the set-up has put it on this machine (EPI_TORCH_ROOT).
include(GNUInstallDirs)
set(epi_plugin_folder lib/epichat)  # ../lib/epichat as seen from the programs, on every system

# `programs`: all that the product consists of, without its tests. Installing needs no more than that.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
add_custom_target(programs)
foreach(program epichat epichat-engine epichat-cli epichat-download)
  if(TARGET ${program})
    add_dependencies(programs ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
if(TARGET epi_cuda)
  add_dependencies(programs epi_cuda)
  install(TARGETS epi_cuda LIBRARY DESTINATION ${epi_plugin_folder})
endif()

# One run path for the build tree and the installed files. With two, CMake pads the shorter with empty entries, and an empty
# entry makes the loader look for each library in the current folder.
foreach(binary epichat-engine epichat-cli epi_cuda)
  if(TARGET ${binary} AND EPI_TORCH)
    set_target_properties(${binary} PROPERTIES
      INSTALL_RPATH "${epi_torch_lib};${epi_cudart_lib}" BUILD_WITH_INSTALL_RPATH ON)
  endif()
endforeach()

set(epi_resources ${PROJECT_SOURCE_DIR}/resources)
if(TARGET epichat AND EXISTS ${epi_resources}/epichat.desktop)
  install(FILES ${epi_resources}/epichat.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
endif()
if(TARGET epichat AND EXISTS ${epi_resources}/epichat.svg)
  install(FILES ${epi_resources}/epichat.svg DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME epichat)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})  # not the folder that cpack is called in
set(CPACK_PACKAGE_VENDOR EpiChat)
set(CPACK_PACKAGE_CONTACT "EpiChat developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Chat with a local language model whose memory does not run out")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION misc)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, xdg-utils")  # for epichat-download; to open links
if(EPI_TORCH)
  # LibTorch comes from no Debian package; dpkg-shlibdeps has to be shown its libraries and told not to look for a package.
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${epi_torch_lib} ${epi_cudart_lib})
endif()
include(CPack)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # The first comes of std::stable_sort in g++ 12's library. The second is g++'s to find: clang also names what only meets in
  # one file of a unity build. The third is no part of -Wconversion in g++.
  add_compile_options(-Wno-deprecated-declarations -Wno-shadow -Wno-sign-conversion)
endif()
if(BELAY_WERROR)
  add_compile_options(-Werror)
endif()

# Several sources of a module in one compilation: half the processor time of a whole build. For builds from nothing (the
# release, CI); who edits one file waits less without.
if(CMAKE_UNITY_BUILD)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A class that is private to its source file counts as one of a header here.
    add_compile_options(-Wno-subobject-linkage)
  endif()
endif()

if(BELAY_SANITIZE)
  add_compile_options(-fsanitize=${BELAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BELAY_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 warns falsely about stop_source under the sanitizers.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

find_program(BELAY_CCACHE ccache)
if(BELAY_CCACHE)
  # With precompiled headers it takes what they define on trust, else it keeps nothing.
  set(options CCACHE_SLOPPINESS=pch_defines,time_macros)
  # What one checkout has compiled, another one on the machine takes. Not with precompiled headers, which name their own
  # checkout.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND options CCACHE_BASEDIR=${PROJECT_SOURCE_DIR})
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env ${options} ${BELAY_CCACHE})
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-pie -Wl,--gc-sections -Wl,-z,pack-relative-relocs)
  if(BELAY_STATIC_LIBRARIES)
    # The C++ runtime too: the binary then starts faster, and runs where only libc and libzstd are.
    add_link_options(-static-libstdc++ -static-libgcc)
  endif()
else()
  # Not for the release: Debian's mold packs relocations without the mark that the C library insists on
  # (GLIBC_ABI_DT_RELR), and such a program does not start.
  find_program(BELAY_MOLD mold)
  if(BELAY_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

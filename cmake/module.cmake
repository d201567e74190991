# module(NAME SOURCES … [USES …] [HIDES …] [LIBRARIES …])
#
# One module of the design: a static library belay_NAME whose headers are reached as "NAME/header.h" through an
# include root of its own (a folder that holds nothing but a link named NAME). Linking is the only way to see a
# module's headers, so an include the design forbids does not compile.
#   USES       modules that our own headers mention; users of this module see them too
#   HIDES      modules used only in our sources
#   LIBRARIES  third-party libraries, private to this module
#   COLD       its own work takes no time beside the engine's answers: optimised for size, which also takes less time to compile
function(module name)
  cmake_parse_arguments(M "COLD" "" "SOURCES;USES;HIDES;LIBRARIES" ${ARGN})
  set(root ${CMAKE_BINARY_DIR}/roots/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)
  add_library(belay_${name} STATIC ${M_SOURCES})
  target_include_directories(belay_${name} PUBLIC ${root})
  foreach(used ${M_USES})
    target_link_libraries(belay_${name} PUBLIC belay_${used})
  endforeach()
  foreach(used ${M_HIDES})
    target_link_libraries(belay_${name} PRIVATE belay_${used})
  endforeach()
  target_link_libraries(belay_${name} PRIVATE ${M_LIBRARIES})
  # g++ takes as long to load precompiled headers as it saves by them.
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    if(NOT TARGET module_headers)
      file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/module_headers.cpp CONTENT "")  # touched only where it changes
      add_library(module_headers OBJECT ${CMAKE_BINARY_DIR}/module_headers.cpp)
      target_precompile_headers(module_headers PRIVATE <algorithm> <chrono> <filesystem> <functional> <map> <memory>
        <optional> <set> <stop_token> <string> <thread> <variant> <vector>)
    endif()
    target_precompile_headers(belay_${name} REUSE_FROM module_headers)
  endif()
  if(M_COLD)
    # At this level g++ 12 warns falsely about members of std::optional.
    target_compile_options(belay_${name} PRIVATE "$<$<CONFIG:Release>:-Os;-Wno-maybe-uninitialized>")
  endif()
endfunction()

# static_or_shared(VARIABLE NAME): the library to link, the archive where the release asks for it.
function(static_or_shared variable name)
  if(BELAY_STATIC_LIBRARIES)
    find_library(BELAY_LIB_${name} NAMES lib${name}.a REQUIRED)
  else()
    find_library(BELAY_LIB_${name} NAMES ${name} REQUIRED)
  endif()
  set(${variable} ${BELAY_LIB_${name}} PARENT_SCOPE)
endfunction()

# cheaper_tests(TARGET): what the sources of tests do without, which are half of what a whole build compiles.
function(cheaper_tests target)
  # The tests themselves are short: optimising them takes longer to compile than it saves when they run. Their accesses
  # to memory are checked as those of the modules; undefined behaviour is looked for in the modules only.
  if(BELAY_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
    if(BELAY_SANITIZE MATCHES undefined)
      target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
    endif()
  endif()
  # g++ takes as long to load precompiled headers as it saves by them.
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND NOT target STREQUAL test_headers)
    target_precompile_headers(${target} REUSE_FROM test_headers)
  endif()
endfunction()

# unit_tests(MODULE SOURCES … [USES …] [DATA …]): one GoogleTest program a module, each of its tests known to ctest by
# name. DATA are those sources that read the folder's files (they see it as TEST_DATA).
function(unit_tests name)
  cmake_parse_arguments(T "" "" "SOURCES;USES;DATA" ${ARGN})
  add_executable(${name}_tests ${T_SOURCES})
  target_link_libraries(${name}_tests PRIVATE belay_${name} GTest::gtest GTest::gmock GTest::gtest_main)
  foreach(used ${T_USES})
    target_link_libraries(${name}_tests PRIVATE belay_${used})
  endforeach()
  cheaper_tests(${name}_tests)
  # Tests may give their helpers the same names in every file.
  set_target_properties(${name}_tests PROPERTIES UNITY_BUILD OFF)
  # Only the files that read test data know where it lies: the rest compile the same in every checkout.
  foreach(source ${T_DATA})
    set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}")
  endforeach()
  gtest_discover_tests(${name}_tests TEST_PREFIX "${name}." PROPERTIES LABELS unit TIMEOUT 300 DISCOVERY_TIMEOUT 60)
endfunction()

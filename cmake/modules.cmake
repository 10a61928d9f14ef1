# Helpers that every src/*/CMakeLists.txt uses.

add_library(wg_options INTERFACE)
target_include_directories(wg_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(wg_options INTERFACE _GNU_SOURCE)
target_compile_options(wg_options INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wpointer-arith -Wundef -Wimplicit-fallthrough -fno-common)
# An assertion says what cannot happen, and stays when it is optimised: CMake's
# own release types would switch it off.
target_compile_options(wg_options INTERFACE -UNDEBUG)
# GCC 12 sees conversions in |= and += of narrow types that clang and C's
# authors do not mind.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(wg_options INTERFACE -Wno-sign-conversion -Wno-array-parameter)
else()
  target_compile_options(wg_options INTERFACE -Wno-sign-conversion)
endif()
if(WG_WERROR)
  target_compile_options(wg_options INTERFACE -Werror)
endif()
if(WG_SANITIZE)
  target_compile_options(wg_options INTERFACE -fsanitize=${WG_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(wg_options INTERFACE -fsanitize=${WG_SANITIZE})
endif()
if(WG_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "WG_FUZZ needs clang: set CMAKE_C_COMPILER=clang")
  endif()
  target_compile_options(wg_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# wg_module(NAME SOURCES file... [DEPENDS module-or-target...] [PRIVATE target...])
#   A static library wg_NAME of this folder. DEPENDS names other modules (its
#   public edges); PRIVATE names outside libraries that stay behind its door.
function(wg_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(wg_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(wg_${name} PUBLIC wg_options)
  foreach(dep IN LISTS ARG_DEPENDS)
    target_link_libraries(wg_${name} PUBLIC wg_${dep})
  endforeach()
  target_link_libraries(wg_${name} PRIVATE ${ARG_PRIVATE})
endfunction()

# wg_test(MODULE name...)  Builds tests/test_<name>.c against wg_MODULE and
#   registers it with ctest under <name>. A test that skips exits with 77 or
#   prints its reason through cmocka's skip().
function(wg_test module)
  if(NOT BUILD_TESTING)
    return()
  endif()
  foreach(name IN LISTS ARGN)
    add_executable(test_${name} ${PROJECT_SOURCE_DIR}/tests/test_${name}.c)
    target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_definitions(test_${name} PRIVATE
      WG_TEST_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors")
    target_link_libraries(test_${name} PRIVATE wg_${module} PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

# wg_scarce(TARGET)  The test can have its memory be out, see tests/scarce.h.
function(wg_scarce target)
  foreach(name IN ITEMS malloc calloc realloc reallocarray aligned_alloc strdup strndup asprintf
      vasprintf __asprintf_chk __vasprintf_chk mmap free)
    target_link_options(${target} PRIVATE -Wl,--wrap=${name})
  endforeach()
endfunction()

# wg_bench(MODULE name...)  Builds bench/bench_<name>.c; one JSON object a line.
function(wg_bench module)
  foreach(name IN LISTS ARGN)
    add_executable(bench_${name} ${PROJECT_SOURCE_DIR}/bench/bench_${name}.c)
    target_include_directories(bench_${name} PRIVATE ${PROJECT_SOURCE_DIR}/bench)
    target_link_libraries(bench_${name} PRIVATE wg_${module})
  endforeach()
endfunction()

# wg_fuzzer(MODULE name...)  Builds tests/fuzz/fuzz_<name>.c. With WG_FUZZ it is
#   a libFuzzer program; without, tests/fuzz/replay.c runs it over its corpus, which is
#   tests/fuzz/corpus/<name>, inputs with a name, and tests/fuzz/found/<name>, which
#   scripts/fuzz --merge keeps, as an ordinary test. The target "fuzzers" is all of them:
#   without a sanitizer, no other program links with what is instrumented.
function(wg_fuzzer module)
  if(NOT BUILD_TESTING)
    return()
  endif()
  foreach(name IN LISTS ARGN)
    set(sources ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c)
    if(NOT WG_FUZZ)
      list(APPEND sources ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
    endif()
    add_executable(fuzz_${name} ${sources})
    target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(fuzz_${name} PRIVATE wg_${module})
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers fuzz_${name})
    if(WG_FUZZ)
      target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    else()
      set(inputs ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
      if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/tests/fuzz/found/${name})
        list(APPEND inputs ${PROJECT_SOURCE_DIR}/tests/fuzz/found/${name})
      endif()
      add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${inputs})
    endif()
  endforeach()
endfunction()

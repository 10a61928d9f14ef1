# What makes a mistake in this program harder to use for others, where compiler and libc
# have it. tests/test_hardening.py reads from the binary that it is there; WG_HARDENING says
# what to expect beside what it knows of glibc.

include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckLinkerFlag)
include(CheckPIESupported)

check_pie_supported(LANGUAGES C)
set(WG_HARDENING "")

# wg_harden(FLAG [WORD])  Compiles everything with it, if it can be; WORD is what the test
#   then looks for.
function(wg_harden flag)
  string(MAKE_C_IDENTIFIER "WG_HAS${flag}" known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(wg_options INTERFACE ${flag})
    set(WG_HARDENING ${WG_HARDENING} ${ARGN} PARENT_SCOPE)
  endif()
endfunction()

# wg_harden_if_started(FLAG LINKER-FLAG WORD)  What can be claimed of the whole program, if
#   the linker does not complain.
function(wg_harden_if_started flag linker word)
  set(CMAKE_REQUIRED_FLAGS "${flag} -Werror")
  check_linker_flag(C ${linker} WG_HAS_${word})
  if(WG_HAS_${word})
    set(WG_HARDENING ${WG_HARDENING} ${word} PARENT_SCOPE)
  endif()
endfunction()

wg_harden(-fstack-protector-strong stack-protector)
wg_harden(-fstack-clash-protection stack-clash)
# Jumps and returns only to where they may go: in the processor, if it can. A program is
# marked so if the files of libc that start it are, too; some distributions' are not.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  wg_harden(-fcf-protection=full cet)
  wg_harden_if_started(-fcf-protection=full LINKER:-z,cet-report=error cet-whole)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  wg_harden(-mbranch-protection=standard bti)
  wg_harden_if_started(-mbranch-protection=standard LINKER:-z,force-bti,--fatal-warnings
    bti-whole)
endif()

foreach(keyword IN ITEMS relro now noexecstack)
  check_linker_flag(C LINKER:-z,${keyword} WG_HAS_Z_${keyword})
  if(WG_HAS_Z_${keyword})
    target_link_options(wg_options INTERFACE LINKER:-z,${keyword})
    list(APPEND WG_HARDENING ${keyword})
  endif()
endforeach()

# Only what is optimised can be fortified, and sanitizers see more by themselves. Some
# distributions' compilers define a level of their own.
if(NOT WG_SANITIZE AND NOT WG_FUZZ)
  foreach(level IN ITEMS 3 2)
    set(CMAKE_REQUIRED_FLAGS "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${level}")
    check_c_source_compiles("
      #include <string.h>
      #if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL < ${level}
      #error not known
      #endif
      int main(void) { return 0; }" WG_HAS_FORTIFY_${level})
    if(WG_HAS_FORTIFY_${level})
      target_compile_options(wg_options INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
        $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=${level}>)
      if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
        list(APPEND WG_HARDENING fortify)
      endif()
      break()
    endif()
  endforeach()
  unset(CMAKE_REQUIRED_FLAGS)
endif()

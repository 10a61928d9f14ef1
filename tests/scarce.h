/* Memory that is out at a place of the test's choice: the linker puts these functions in
 * the place of the C library's (wg_scarce() in cmake says which). Only what is
 * allocated between enter and leave can fail, so that the test's own memory is there; and
 * everything is counted. */
#ifndef WG_TESTS_SCARCE_H
#define WG_TESTS_SCARCE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "wgtest.h"

static struct {
	unsigned int inside; /* how deep in what is tested */
	bool rationed;       /* left counts */
	bool for_good;       /* once it is out, it stays out */
	size_t left;         /* allocations that succeed before one does not */
	size_t refused;      /* how many did not */
	long live;           /* blocks of memory, mappings left out */
} scarce;

/* From now on, the nth allocation fails, and those behind it where it is for good. */
static inline void scarce_begin(size_t n, bool for_good)
{
	scarce.rationed = true;
	scarce.for_good = for_good;
	scarce.left = n;
	scarce.refused = 0;
}

/* Plenty again. Whether anything was refused. */
static inline bool scarce_end(void)
{
	scarce.rationed = false;
	return scarce.refused > 0;
}

static inline void scarce_enter(void)
{
	scarce.inside++;
}

static inline void scarce_leave(void)
{
	scarce.inside--;
}

static inline bool scarce_refuses(void)
{
	if (!scarce.inside || !scarce.rationed)
		return false;
	if (scarce.left) {
		scarce.left--;
		return false;
	}
	if (scarce.refused && !scarce.for_good)
		return false;
	scarce.refused++;
	errno = ENOMEM;
	return true;
}

static inline void *scarce_count(void *memory)
{
	scarce.live += memory != NULL;
	return memory;
}

void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *memory, size_t len);
void *__real_aligned_alloc(size_t alignment, size_t len);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
int __real_vasprintf(char **text, const char *format, va_list args);
void *__real_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void __real_free(void *memory);

void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *memory, size_t len);
void *__wrap_reallocarray(void *memory, size_t n, size_t len);
void *__wrap_aligned_alloc(size_t alignment, size_t len);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_asprintf(char **text, const char *format, ...);
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...);
void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t len)
{
	return scarce_refuses() ? NULL : scarce_count(__real_malloc(len));
}

void *__wrap_calloc(size_t n, size_t len)
{
	return scarce_refuses() ? NULL : scarce_count(__real_calloc(n, len));
}

void *__wrap_realloc(void *memory, size_t len)
{
	void *grown;

	if (scarce_refuses())
		return NULL;
	grown = __real_realloc(memory, len);
	return memory ? grown : scarce_count(grown);
}

void *__wrap_reallocarray(void *memory, size_t n, size_t len)
{
	size_t total;

	if (__builtin_mul_overflow(n, len, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(memory, total);
}

void *__wrap_aligned_alloc(size_t alignment, size_t len)
{
	return scarce_refuses() ? NULL : scarce_count(__real_aligned_alloc(alignment, len));
}

char *__wrap_strdup(const char *text)
{
	return scarce_refuses() ? NULL : scarce_count(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t len)
{
	return scarce_refuses() ? NULL : scarce_count(__real_strndup(text, len));
}

/* What is left in *text when it fails is not defined. */
int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	if (scarce_refuses()) {
		*text = (char *)1;
		return -1;
	}
	scarce.live++;
	return __real_vasprintf(text, format, args);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = __wrap_vasprintf(text, format, args);
	va_end(args);
	return n;
}

/* What they are where they are fortified. */
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args)
{
	(void)flag;
	return __wrap_vasprintf(text, format, args);
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
	va_list args;
	int n;

	(void)flag;
	va_start(args, format);
	n = __wrap_vasprintf(text, format, args);
	va_end(args);
	return n;
}

void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	return scarce_refuses() ? MAP_FAILED : __real_mmap(at, len, protection, flags, fd, offset);
}

void __wrap_free(void *memory)
{
	scarce.live -= memory != NULL;
	__real_free(memory);
}

/* Does it with ever more memory, step allocations more each time, until that is enough, and
 * checks that nothing is left of what failed. Returns how often it did. */
static inline size_t scarce_try_some(bool (*act)(void *ctx), void *ctx, size_t step)
{
	for (size_t n = 0;; n++) {
		long live = scarce.live;
		bool done;

		scarce_begin(n * step, n % 2);
		scarce_enter();
		done = act(ctx);
		scarce_leave();
		if (!scarce_end()) {
			assert_true(done);
			return n;
		}
		assert_false(done);
		assert_int_equal(scarce.live, live);
	}
}

/* The same with each allocation. */
static inline size_t scarce_try(bool (*act)(void *ctx), void *ctx)
{
	return scarce_try_some(act, ctx, 1);
}

#endif

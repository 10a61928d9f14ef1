/* For CBMC (scripts/prove): values of which nothing is known, and claims about them. */
#ifndef WG_TESTS_PROOF_H
#define WG_TESTS_PROOF_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool nondet_bool(void);
uint8_t nondet_uint8_t(void);
uint16_t nondet_uint16_t(void);
uint32_t nondet_uint32_t(void);
uint64_t nondet_uint64_t(void);
size_t nondet_size_t(void);
char nondet_char(void);

#define assume(condition)     __CPROVER_assume(condition)
#define prove(condition, why) __CPROVER_assert(condition, why)

/* len bytes that may be anything, exactly so long. */
static inline uint8_t *any_bytes(size_t len)
{
	uint8_t *bytes = __CPROVER_allocate(len, 0);

	assume(bytes != NULL);
	return bytes;
}

#endif

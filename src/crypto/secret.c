/* Secrets. Their memory comes from slabs of 64 KiB, each for items of one size class and
 * found from an item's address by the slab's alignment. A slab is locked and kept out of
 * core dumps as a whole: one mapping for each secret, as sodium_malloc makes it, would run
 * out of mappings near 16 000 of them. A slab that falls empty goes back to the system
 * unless it is the only one of its class with room. An item that is too large for a slab
 * gets a mapping of its own. */
#include "crypto/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <sodium.h>

#include "base/bytes.h"
#include "base/list.h"
#include "base/log.h"

#define SLAB_LEN    ((size_t)65536) /* a multiple of every Linux page size */
#define CLASS_STEP  ((size_t)64)
#define MAX_ITEM    ((size_t)8192)
#define N_CLASSES   (MAX_ITEM / CLASS_STEP)
#define SLAB_HEADER CLASS_STEP

struct item {
	struct item *next;
};

struct slab {
	struct wg_list link; /* in its class's list while it has a free item */
	struct item *free;
	size_t n_used;
};
static_assert(sizeof(struct slab) <= SLAB_HEADER, "the header has room of its own");

/* Slabs with room, by size class; class i holds items of (i + 1) * CLASS_STEP bytes. */
static struct wg_list classes[N_CLASSES];
static size_t bytes_held;
static bool warned;

/* Pages fresh from the system, locked as far as it allows. */
static void lock(void *memory, size_t len)
{
	/* A child that is forked later, to probe or to start a program, has no use for them. */
	(void)madvise(memory, len, MADV_DONTFORK);
	/* Also sets MADV_DONTDUMP. */
	if (sodium_mlock(memory, len) == 0 || warned)
		return;
	warned = true;
	wg_log(WG_LOG_WARNING, "secrets may be swapped to disk: cannot lock memory: %s",
	       strerror(errno));
}

static void *map(size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* SLAB_LEN bytes at a multiple of SLAB_LEN: the middle of twice as much. */
static void *map_aligned(void)
{
	uint8_t *memory = map(2 * SLAB_LEN);
	size_t before;

	if (!memory)
		return NULL;
	before = -(uintptr_t)memory % SLAB_LEN;
	if (before)
		munmap(memory, before);
	munmap(memory + before + SLAB_LEN, SLAB_LEN - before);
	return memory + before;
}

static struct slab *slab_of(void *secret)
{
	return (struct slab *)((uint8_t *)secret - (uintptr_t)secret % SLAB_LEN);
}

static struct slab *slab_new(size_t item_len)
{
	struct slab *slab = map_aligned();
	uint8_t *end = (uint8_t *)slab + SLAB_LEN;

	if (!slab)
		return NULL;
	lock(slab, SLAB_LEN);
	bytes_held += SLAB_LEN;
	wg_list_init(&slab->link);
	for (uint8_t *at = (uint8_t *)slab + SLAB_HEADER; at + item_len <= end; at += item_len) {
		struct item *item = (struct item *)at;

		item->next = slab->free;
		slab->free = item;
	}
	return slab;
}

static void slab_free(struct slab *slab)
{
	wg_list_remove(&slab->link);
	munmap(slab, SLAB_LEN);
	bytes_held -= SLAB_LEN;
}

static size_t class_of(size_t len)
{
	return len ? (len - 1) / CLASS_STEP : 0;
}

/* A slab with room for an item of the class. */
static struct slab *find_room(size_t class)
{
	struct wg_list *with_room = &classes[class];
	struct slab *slab;

	if (!with_room->next)
		wg_list_init(with_room);
	if (!wg_list_empty(with_room))
		return WG_CONTAINER_OF(with_room->next, struct slab, link);
	slab = slab_new((class + 1) * CLASS_STEP);
	if (slab)
		wg_list_push(with_room, &slab->link);
	return slab;
}

static void *large_new(size_t len)
{
	void *secret = map(len);

	if (!secret)
		return NULL;
	lock(secret, len);
	bytes_held += len;
	return secret;
}

static void large_free(void *secret, size_t len)
{
	munmap(secret, len);
	bytes_held -= len;
}

void wg_wipe(void *secret, size_t len)
{
	sodium_memzero(secret, len);
}

bool wg_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

bool wg_is_zero(const void *secret, size_t len)
{
	return sodium_is_zero(secret, len) == 1;
}

void *wg_secret_new(size_t len)
{
	struct slab *slab;
	struct item *item;

	if (len > MAX_ITEM)
		return large_new(len);
	slab = find_room(class_of(len));
	if (!slab)
		return NULL;
	item = slab->free;
	slab->free = item->next;
	item->next = NULL; /* the rest of it is zero already */
	slab->n_used++;
	if (!slab->free)
		wg_list_remove(&slab->link);
	return item;
}

void wg_secret_free(void *secret, size_t len)
{
	struct wg_list *with_room = &classes[class_of(len < MAX_ITEM ? len : MAX_ITEM)];
	struct item *item = secret;
	struct slab *slab;

	if (!secret)
		return;
	wg_wipe(secret, len);
	if (len > MAX_ITEM) {
		large_free(secret, len);
		return;
	}
	slab = slab_of(secret);
	if (!slab->free)
		wg_list_push(with_room, &slab->link);
	item->next = slab->free;
	slab->free = item;
	slab->n_used--;
	/* The last slab with room stays, so that one secret that comes and goes does not
	 * map and unmap each time. */
	if (slab->n_used == 0 && with_room->next != with_room->prev)
		slab_free(slab);
}

size_t wg_secret_cost(size_t len)
{
	return len > MAX_ITEM ? len : (class_of(len) + 1) * CLASS_STEP;
}

size_t wg_secret_bytes_held(void)
{
	return bytes_held;
}

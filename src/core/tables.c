#include "core/tables.h"

#include <errno.h>
#include <stdlib.h>

#include "core/engine.h"

/* Sessions and handshakes are found by chains, so the number of buckets is only a matter
 * of speed: most peers have one or two. */
#define INDICES_PER_PEER 2u

#define LEAST_SLOTS 8u

static size_t slots_for(size_t n)
{
	size_t capacity = LEAST_SLOTS;

	while (capacity < n)
		capacity *= 2;
	return capacity;
}

static int resize_slots(struct wg_device *device, size_t capacity)
{
	struct wg_peer_slot *slots = reallocarray(device->slots, capacity, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	device->slots = slots;
	device->slots_capacity = (uint32_t)capacity;
	return 0;
}

static int reserve_slots(struct wg_device *device, size_t n)
{
	return n <= device->slots_capacity ? 0 : resize_slots(device, slots_for(n));
}

/* A slot that is in use stays where it is, for handles name it; slots behind the last one
 * in use are given up. */
static void fit_slots(struct wg_device *device)
{
	uint32_t n = device->n_slots;

	while (n > 0 && !device->slots[n - 1].peer)
		n--;
	if (device->slots_capacity / 4 < slots_for(n))
		return;
	device->n_slots = n;
	device->free_slot = n;
	for (uint32_t i = n; i-- > 0;) {
		if (device->slots[i].peer)
			continue;
		device->slots[i].next_free = device->free_slot;
		device->free_slot = i;
	}
	/* Without memory for the smaller array the larger one stays. */
	(void)resize_slots(device, slots_for(n));
}

int wg_tables_reserve(struct wg_device *device, size_t n_new, size_t n_prefixes)
{
	size_t n = device->peers_by_key.n + n_new;
	int err = reserve_slots(device, n);

	if (!err)
		err = wg_hash_reserve(&device->peers_by_key, n);
	if (!err)
		err = wg_hash_reserve(&device->indices, INDICES_PER_PEER * n);
	if (!err)
		err = wg_heap_reserve(&device->deadlines, n);
	if (!err)
		err = wg_allowedips_reserve(device->allowed_ips, n_prefixes);
	return err;
}

void wg_tables_fit(struct wg_device *device)
{
	size_t n = device->peers_by_key.n;

	fit_slots(device);
	wg_hash_fit(&device->peers_by_key, n);
	wg_hash_fit(&device->indices, INDICES_PER_PEER * n);
	wg_heap_fit(&device->deadlines, n);
	/* The room that was reserved for the change is not needed any more. */
	(void)wg_allowedips_reserve(device->allowed_ips, 0);
}

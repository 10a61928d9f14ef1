/* The allowed-IPs table: what a look-up, an insertion and a removal take, and how much
 * memory a prefix does. One JSON object a line. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allowedips/allowedips.h"
#include "base/bytes.h"
#include "wgbench.h"

#define N_ADDRESSES (1u << 22)
#define MIN_NS      200000000.0

static uint64_t seed = 1;

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* How the prefixes of a table lie. */
struct layout {
	const char *name;
	struct wg_prefix (*make)(size_t i, size_t n);
};

static struct wg_prefix prefix4(uint32_t address, uint8_t bits)
{
	struct wg_prefix prefix = {.ip.family = WG_FAMILY_IPV4, .bits = bits};

	wg_store_be32(prefix.ip.bytes, address);
	return prefix;
}

static struct wg_prefix prefix6(uint64_t hi, uint64_t lo, uint8_t bits)
{
	struct wg_prefix prefix = {.ip.family = WG_FAMILY_IPV6, .bits = bits};

	wg_store_be64(prefix.ip.bytes, hi);
	wg_store_be64(prefix.ip.bytes + 8, lo);
	return prefix;
}

/* Addresses anywhere. */
static struct wg_prefix random4(size_t i, size_t n)
{
	(void)i, (void)n;
	return prefix4((uint32_t)next(), 32);
}

/* Prefixes of /16 to /32 anywhere, most of them long. */
static struct wg_prefix lengths4(size_t i, size_t n)
{
	(void)i, (void)n;
	return prefix4((uint32_t)next(), (uint8_t)(32 - next() % 17 * (next() % 17) / 16));
}

/* 10.0.0.1 and so on. */
static struct wg_prefix numbered4(size_t i, size_t n)
{
	(void)n;
	return prefix4(0x0a000001u + (uint32_t)i, 32);
}

/* Sites with numbered hosts: a /16 with up to 1000 of them, 1000 sites. */
static struct wg_prefix sites4(size_t i, size_t n)
{
	(void)n;
	return prefix4((uint32_t)(i / 1000 * 0x9e37u % 0x10000u) << 16 | (uint32_t)(i % 1000), 32);
}

/* Random /64 of one /32. */
static struct wg_prefix random6(size_t i, size_t n)
{
	(void)i, (void)n;
	return prefix6(0x20010db800000000u | (uint32_t)next(), 0, 64);
}

/* Random interface identifiers of one /64. */
static struct wg_prefix hosts6(size_t i, size_t n)
{
	(void)i, (void)n;
	return prefix6(0x20010db800000000u, next(), 128);
}

/* fd00::1 and so on. */
static struct wg_prefix numbered6(size_t i, size_t n)
{
	(void)n;
	return prefix6(0xfd00000000000000u, i + 1, 128);
}

static const struct layout layouts[] = {
	{"ipv4 random /32", random4},      {"ipv4 /16-/32", lengths4},
	{"ipv4 numbered /32", numbered4},  {"ipv4 sites", sites4},
	{"ipv6 random /64", random6},      {"ipv6 random /128", hosts6},
	{"ipv6 numbered /128", numbered6},
};

static size_t bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* ns per look-up of the addresses in turn. */
static double time_look_ups(const struct wg_allowedips *table, const uint8_t *addresses,
			    bool is_ipv6)
{
	size_t n = 0;
	size_t n_found = 0;
	double start = wg_bench_now();
	double spent;

	do {
		for (size_t i = 0; i < N_ADDRESSES; i++)
			n_found += (is_ipv6 ? wg_allowedips_lookup6(table, addresses + 16 * i)
					    : wg_allowedips_lookup4(table, addresses + 4 * i)) !=
				   NULL;
		n += N_ADDRESSES;
		spent = wg_bench_now() - start;
	} while (spent < MIN_NS);
	if (n_found == 0)
		abort();
	return spent / (double)n;
}

/* An address inside the prefix. */
static void pick(uint8_t *address, struct wg_prefix prefix)
{
	for (unsigned int bit = prefix.bits; bit < wg_family_bits(prefix.ip.family); bit++)
		prefix.ip.bytes[bit / 8] ^= (uint8_t)((next() & 1) << (7 - bit % 8));
	memcpy(address, prefix.ip.bytes, wg_family_len(prefix.ip.family));
}

static void run(const struct layout *layout, size_t n)
{
	struct wg_prefix *prefixes = calloc(n, sizeof(*prefixes));
	struct wg_allowedips_owner *owners = calloc(n, sizeof(*owners));
	uint8_t *addresses = calloc(N_ADDRESSES, 16);
	struct wg_allowedips *table = wg_allowedips_new();
	size_t bytes = bytes_in_use();
	double insert_ns;
	double remove_ns;
	double random_ns;
	double local_ns;
	bool is_ipv6;

	if (!prefixes || !owners || !addresses || !table)
		abort();
	for (size_t i = 0; i < n; i++) {
		prefixes[i] = layout->make(i, n);
		wg_prefix_mask(&prefixes[i]);
		wg_allowedips_owner_init(&owners[i]);
	}
	is_ipv6 = prefixes[0].ip.family == WG_FAMILY_IPV6;
	insert_ns = wg_bench_now();
	for (size_t i = 0; i < n; i++)
		if (wg_allowedips_insert(table, &prefixes[i], &owners[i], NULL))
			abort();
	insert_ns = (wg_bench_now() - insert_ns) / (double)n;
	bytes = bytes_in_use() - bytes;

	for (size_t i = 0; i < N_ADDRESSES; i++)
		pick(addresses + i * (is_ipv6 ? 16 : 4), prefixes[next() % n]);
	random_ns = time_look_ups(table, addresses, is_ipv6);
	/* 16 flows at a time, each for 64 packets. */
	for (size_t i = 0; i < N_ADDRESSES; i++)
		if (i % 1024 >= 16)
			memcpy(addresses + i * (is_ipv6 ? 16 : 4),
			       addresses + (i - 16) * (is_ipv6 ? 16 : 4), is_ipv6 ? 16 : 4);
	local_ns = time_look_ups(table, addresses, is_ipv6);

	remove_ns = wg_bench_now();
	for (size_t i = 0; i < n; i++)
		wg_allowedips_remove_all(table, &owners[i]);
	remove_ns = (wg_bench_now() - remove_ns) / (double)n;
	printf("{\"bench\":\"allowedips\",\"layout\":\"%s\",\"prefixes\":%zu,"
	       "\"random_ns\":%.1f,\"local_ns\":%.1f,\"insert_ns\":%.0f,\"remove_ns\":%.0f,"
	       "\"bytes_per_prefix\":%.0f}\n",
	       layout->name, n, random_ns, local_ns, insert_ns, remove_ns,
	       (double)bytes / (double)n);
	fflush(stdout);
	wg_allowedips_free(table);
	free(addresses);
	free(owners);
	free(prefixes);
}

/* Without arguments everything; else only tables of so many prefixes. */
int main(int argc, char **argv)
{
	static const size_t sizes[] = {10, 1000, 100000, 1000000};
	size_t only = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	for (size_t i = 0; i < WG_ARRAY_LEN(layouts); i++)
		for (size_t k = 0; k < WG_ARRAY_LEN(sizes); k++)
			if (!only || only == sizes[k])
				run(&layouts[i], sizes[k]);
	return 0;
}

/* The Internet checksum (RFC 1071). Sums are in memory order: 16-bit words are added as
 * this machine loads them, and stored in the same way (section 2(B)). Only this folder
 * includes it. */
#ifndef WG_TUN_CHECKSUM_H
#define WG_TUN_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Adds bytes to a sum. Only the last piece that is added may have an odd length. */
uint64_t wg_checksum_add(uint64_t sum, const void *data, size_t len);

/* The same without instructions that only some processors have. */
uint64_t wg_checksum_add_plain(uint64_t sum, const void *data, size_t len);

/* Adds a 16-bit number as it stands in a packet. */
static inline uint64_t wg_checksum_add_be16(uint64_t sum, uint16_t value)
{
	return wg_checksum_add(sum, (const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

/* The sum of the pseudo header of TCP and UDP (RFC 9293, section 3.1; RFC 8200, section
 * 8.1) from an IPv4 or IPv6 header; len is that of transport header and payload. */
uint64_t wg_checksum_pseudo(const uint8_t *ip, uint8_t protocol, uint16_t len);

/* The sum in 16 bits. 0xffff over something that includes its own checksum: correct. */
static inline uint16_t wg_checksum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

/* Stores a sum, folded, which a device is to complete. */
static inline void wg_checksum_store_partial(uint8_t *field, uint64_t sum)
{
	uint16_t folded = wg_checksum_fold(sum);

	memcpy(field, &folded, sizeof(folded));
}

/* Stores the complement of a sum: a complete checksum. */
static inline void wg_checksum_store(uint8_t *field, uint64_t sum)
{
	uint16_t folded = (uint16_t)~wg_checksum_fold(sum);

	memcpy(field, &folded, sizeof(folded));
}

/* Completes the checksum at an offset, which has its pseudo header's sum. */
void wg_checksum_complete(uint8_t *data, size_t len, size_t offset);

#endif

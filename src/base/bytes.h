/* Bytes: integers to and from little- and big-endian memory, and array sizes. */
#ifndef WG_BASE_BYTES_H
#define WG_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#define WG_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of type whose member is at ptr. */
#define WG_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline uint16_t wg_load_le16(const void *src)
{
	const uint8_t *p = src;

	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t wg_load_le32(const void *src)
{
	const uint8_t *p = src;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t wg_load_le64(const void *src)
{
	const uint8_t *p = src;

	return (uint64_t)wg_load_le32(p) | (uint64_t)wg_load_le32(p + 4) << 32;
}

static inline uint16_t wg_load_be16(const void *src)
{
	const uint8_t *p = src;

	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wg_load_be32(const void *src)
{
	const uint8_t *p = src;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t wg_load_be64(const void *src)
{
	const uint8_t *p = src;

	return (uint64_t)wg_load_be32(p) << 32 | (uint64_t)wg_load_be32(p + 4);
}

static inline void wg_store_le16(void *dst, uint16_t value)
{
	uint8_t *p = dst;

	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void wg_store_le32(void *dst, uint32_t value)
{
	uint8_t *p = dst;

	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
	p[2] = (uint8_t)(value >> 16);
	p[3] = (uint8_t)(value >> 24);
}

static inline void wg_store_le64(void *dst, uint64_t value)
{
	uint8_t *p = dst;

	wg_store_le32(p, (uint32_t)value);
	wg_store_le32(p + 4, (uint32_t)(value >> 32));
}

static inline void wg_store_be16(void *dst, uint16_t value)
{
	uint8_t *p = dst;

	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void wg_store_be32(void *dst, uint32_t value)
{
	uint8_t *p = dst;

	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

static inline void wg_store_be64(void *dst, uint64_t value)
{
	uint8_t *p = dst;

	wg_store_be32(p, (uint32_t)(value >> 32));
	wg_store_be32(p + 4, (uint32_t)value);
}

#endif

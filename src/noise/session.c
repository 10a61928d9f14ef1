/* Vectors are sealed and opened in groups, so that the AEAD's items fit on the stack:
 * nothing is allocated here. */
#include "noise/session.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

#define GROUP_LEN        64
#define PADDING_MULTIPLE 16u

bool wg_session_expired(const struct wg_session *session, wg_time now)
{
	return now - session->birth >= WG_REJECT_AFTER_TIME ||
	       session->send_counter >= WG_REJECT_AFTER_MESSAGES ||
	       session->replay.greatest >= WG_REJECT_AFTER_MESSAGES;
}

bool wg_session_reserve(struct wg_session *session, uint64_t n, uint64_t *counter)
{
	if (session->send_counter >= WG_REJECT_AFTER_MESSAGES ||
	    n > WG_REJECT_AFTER_MESSAGES - session->send_counter)
		return false;
	*counter = session->send_counter;
	session->send_counter += n;
	return true;
}

/* Puts the header before the packet and fills in the item to be sealed. */
static struct wg_aead_item plan_seal(const struct wg_session *session, struct wg_packet *packet)
{
	struct wg_aead_item item = {
		.in = packet->data,
		.out = packet->data,
		.len = packet->len,
		.counter = packet->counter,
	};
	struct wg_wire_transport *header;

	assert(packet->room - packet->len >= WG_TAG_LEN);
	packet->data -= WG_TRANSPORT_HEADER_LEN;
	packet->room += (uint32_t)WG_TRANSPORT_HEADER_LEN;
	packet->len += (uint32_t)WG_TRANSPORT_OVERHEAD;
	header = (struct wg_wire_transport *)packet->data;
	wg_store_le32(header->type, WG_MESSAGE_TRANSPORT);
	wg_store_le32(header->receiver, session->remote_index);
	wg_store_le64(header->counter, packet->counter);
	return item;
}

void wg_session_seal(const struct wg_session *session, struct wg_batch *batch)
{
	struct wg_aead_item items[GROUP_LEN];
	struct wg_packet *packet;
	size_t n = 0;

	wg_batch_for_each (packet, batch) {
		items[n++] = plan_seal(session, packet);
		if (n < GROUP_LEN && packet->next)
			continue;
		wg_aead_seal_vector(session->send_key, items, n);
		n = 0;
	}
}

static struct wg_aead_item plan_open(const struct wg_packet *packet)
{
	const struct wg_wire_transport *header = (const struct wg_wire_transport *)packet->data;
	uint8_t *sealed = packet->data + WG_TRANSPORT_HEADER_LEN;

	assert(packet->len >= WG_TRANSPORT_OVERHEAD);
	return (struct wg_aead_item){
		.in = sealed,
		.out = sealed,
		.len = packet->len - (uint32_t)WG_TRANSPORT_OVERHEAD,
		.counter = wg_load_le64(header->counter),
	};
}

static void finish_open(struct wg_packet *packet, const struct wg_aead_item *item)
{
	packet->flags &= (uint8_t)~WG_PACKET_AUTHENTIC;
	if (!item->ok)
		return;
	packet->flags |= WG_PACKET_AUTHENTIC;
	packet->counter = item->counter;
	packet->data = item->out;
	packet->room -= (uint32_t)WG_TRANSPORT_HEADER_LEN;
	packet->len = item->len;
}

void wg_session_open(const struct wg_session *session, struct wg_batch *batch)
{
	struct wg_aead_item items[GROUP_LEN];
	struct wg_packet *packet;
	struct wg_packet *first = batch->head;
	size_t n = 0;

	wg_batch_for_each (packet, batch) {
		items[n++] = plan_open(packet);
		if (n < GROUP_LEN && packet->next)
			continue;
		wg_aead_open_vector(session->receive_key, items, n);
		for (size_t i = 0; i < n; i++, first = first->next)
			finish_open(first, &items[i]);
		n = 0;
	}
}

uint32_t wg_session_padded_len(uint32_t len, uint32_t mtu)
{
	uint32_t last_unit = mtu && len > mtu ? len % mtu : len;
	uint32_t padding = -last_unit % PADDING_MULTIPLE;

	if (mtu && padding > mtu - last_unit)
		padding = mtu - last_unit;
	return len + padding;
}

void wg_session_pad(struct wg_packet *packet, uint32_t mtu)
{
	uint32_t len = wg_session_padded_len(packet->len, mtu);

	assert(len <= packet->room);
	memset(packet->data + packet->len, 0, len - packet->len);
	packet->len = len;
}

/* wg_wire_classify reads nothing behind the datagram, and what it says of type and length
 * is all that others rely on. Any datagram of up to 65 535 bytes. */
#include "noise/wire.h"

#include "base/bytes.h"
#include "proof.h"

int main(void)
{
	size_t len = nondet_size_t();
	const uint8_t *data;
	enum wg_message kind;

	assume(len <= UINT16_MAX);
	data = any_bytes(len);
	kind = wg_wire_classify(data, len);
	prove(kind <= WG_MESSAGE_TRANSPORT, "it is one of the messages");
	if (kind != WG_MESSAGE_INVALID)
		prove(len >= 4 && wg_load_le32(data) == kind,
		      "the type is the number, and no more");
	prove(kind != WG_MESSAGE_INITIATION || len == 148, "an initiation's length");
	prove(kind != WG_MESSAGE_RESPONSE || len == 92, "a response's length");
	prove(kind != WG_MESSAGE_COOKIE_REPLY || len == 64, "a cookie reply's length");
	prove(kind != WG_MESSAGE_TRANSPORT || len >= 32, "data's length");
	if (len == 148 && wg_load_le32(data) == 1)
		prove(kind == WG_MESSAGE_INITIATION, "and every initiation is taken");
	if (len >= 32 && wg_load_le32(data) == 4)
		prove(kind == WG_MESSAGE_TRANSPORT, "and all data");
	return 0;
}

#include "pair/pair.h"

#include <errno.h>

int wg_pair_send(struct wg_pair *pair, const struct wg_pair_datagram *datagram)
{
	return pair->kind->send(pair, datagram);
}

int wg_pair_receive(struct wg_pair *pair, struct wg_pair_datagram *datagram)
{
	int result;

	wg_pair_datagram_init(datagram);
	result = pair->kind->receive(pair, datagram);
	if (result == 1 && !wg_pair_check(datagram, pair->side))
		return 1;
	if (result == 1) {
		pair->kind->discard(pair, datagram);
		result = -EPROTO;
	}
	wg_pair_datagram_wipe(datagram);
	return result;
}

void wg_pair_close(struct wg_pair *pair)
{
	pair->kind->close(pair);
}

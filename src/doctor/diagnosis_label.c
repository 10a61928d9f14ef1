#include "doctor/diagnosis.h"

#include <stdio.h>

#include "crypto/encoding.h"

const char *wg_diagnosis_label(char label[static WG_DIAGNOSIS_LABEL_LEN],
			       const struct wg_status *status, size_t peer)
{
	const char *name = wg_status_peer_name(status, peer);

	if (name)
		snprintf(label, WG_DIAGNOSIS_LABEL_LEN, "%s", name);
	else
		wg_key_encode(label, status->config.peers[peer].public_key);
	return label;
}

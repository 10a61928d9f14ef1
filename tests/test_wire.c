#include "wgtest.h"

#include "noise/wire.h"

static enum wg_message classify(uint8_t type, size_t len)
{
	/* Of its exact size, so that reading past it is seen by the address sanitizer. */
	uint8_t *data = calloc(1, len ? len : 1);
	enum wg_message message;

	assert_non_null(data);
	if (len)
		data[0] = type;
	message = wg_wire_classify(data, len);
	free(data);
	return message;
}

static enum wg_message expected(uint8_t type, size_t len)
{
	if (type == 1 && len == 148)
		return WG_MESSAGE_INITIATION;
	if (type == 2 && len == 92)
		return WG_MESSAGE_RESPONSE;
	if (type == 3 && len == 64)
		return WG_MESSAGE_COOKIE_REPLY;
	if (type == 4 && len >= 32)
		return WG_MESSAGE_TRANSPORT;
	return WG_MESSAGE_INVALID;
}

static void test_a_message_is_its_type_with_its_length(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < 256; type++)
		for (size_t len = 0; len <= 200; len++)
			assert_int_equal(classify((uint8_t)type, len),
					 expected((uint8_t)type, len));
}

static void test_transport_data_may_have_any_length_from_32_on(void **state)
{
	static const size_t lens[] = {32, 33, 1452, 1500, 2000, 65507, 65535};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		assert_int_equal(classify(4, lens[i]), WG_MESSAGE_TRANSPORT);
}

static void test_a_set_reserved_bit_makes_a_message_invalid(void **state)
{
	static const size_t lens[] = {0, 148, 92, 64, 1452};
	uint8_t data[1452] = {0};

	(void)state;
	for (uint8_t type = 1; type <= 4; type++) {
		data[0] = type;
		assert_int_equal(wg_wire_classify(data, lens[type]), type);
		for (size_t bit = 0; bit < 24; bit++) {
			data[1 + bit / 8] = (uint8_t)(1u << bit % 8);
			assert_int_equal(wg_wire_classify(data, lens[type]), WG_MESSAGE_INVALID);
			data[1 + bit / 8] = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_is_its_type_with_its_length),
		cmocka_unit_test(test_transport_data_may_have_any_length_from_32_on),
		cmocka_unit_test(test_a_set_reserved_bit_makes_a_message_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

"""The ids of clicks, as docs/click-log.md says."""
MASK = (1 << 64) - 1

def sip_hash(key, data):
    """SipHash-2-4, as its authors write it."""
    words = [int.from_bytes(key[at:at + 8], "little") for at in (0, 8)] * 2
    start = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573
    a, b, c, d = (word ^ constant for word, constant in zip(words, start))
    left = lambda word, bits: (word << bits | word >> 64 - bits) & MASK
    data += bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    blocks = [(int.from_bytes(data[at:at + 8], "little"), 2) for at in range(0, len(data), 8)]
    for word, rounds in blocks + [(0, 4)]:
        d ^= word
        c ^= 0xFF if rounds == 4 else 0
        for _ in range(rounds):
            a, c = a + b & MASK, c + d & MASK
            b, d = left(b, 13) ^ a, left(d, 16) ^ c
            a, c = left(a, 32) + d & MASK, c + b & MASK
            b, d = left(b, 17) ^ c, left(d, 21) ^ a
            c = left(c, 32)
        a ^= word
    return (a ^ b ^ c ^ d).to_bytes(8, "little")

def read_keys(path):
    """The keys of a key file, by number."""
    with open(path) as file:
        lines = [line.split("#")[0].split() for line in file]
    return {int(line[0]): bytes.fromhex(line[1]) for line in lines if line}

def click_id(keys, node, shard, segment, at, key):
    """The id of the click at `at`; None without the key that signs it."""
    if key not in keys:
        return None
    signed = (((node << 10 | shard) << 32 | segment) << 28 | at // 8) << 2 | key
    signed = signed.to_bytes(11, "big")
    bits = int.from_bytes(signed + sip_hash(keys[key], signed)[:5], "big")
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(digits[bits >> 5 * n & 31] for n in reversed(range(26)))

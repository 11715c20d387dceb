package interop;

/** Bytes as hexadecimal text and back. */
final class Bytes {
    private Bytes() {
    }

    static String hex(byte[] data) {
        StringBuilder out = new StringBuilder();
        for (byte each : data) {
            out.append(String.format("%02x", each));
        }
        return out.toString();
    }

    static byte[] parse(String hex) {
        byte[] data = new byte[hex.length() / 2];
        for (int index = 0; index < data.length; index++) {
            data[index] = (byte) Integer.parseInt(hex.substring(2 * index, 2 * index + 2), 16);
        }
        return data;
    }
}

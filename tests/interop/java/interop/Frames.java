package interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.catalina.tribes.group.RpcMessage;
import org.apache.catalina.tribes.group.interceptors.NonBlockingCoordinator;
import org.apache.catalina.tribes.group.interceptors.NonBlockingCoordinator.CoordinationMessage;
import org.apache.catalina.tribes.io.ChannelData;
import org.apache.catalina.tribes.io.XByteBuffer;

/**
 * Frames through the library: read from hexadecimal lines, described, and written anew from what was read. A member
 * inside an object gets the present time as its age when it is written, as the library always does.
 */
final class Frames {
    static final byte[] COORDINATION = (byte[]) Private.constant(NonBlockingCoordinator.class, "COORD_HEADER");
    static final byte[] REQUEST = (byte[]) Private.constant(NonBlockingCoordinator.class, "COORD_REQUEST");

    private Frames() {
    }

    /** One JSON object for each line of standard input. */
    static void echo() throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            System.out.println(Json.write(describe(Bytes.parse(line))));
            System.out.flush();
        }
    }

    static Map<String, Object> describe(byte[] frame) throws Exception {
        XByteBuffer buffer = new XByteBuffer(frame.length, true);
        if (!buffer.append(frame, 0, frame.length) || buffer.countPackages() != 1) {
            throw new IllegalArgumentException("the library finds no frame in " + Bytes.hex(frame));
        }
        ChannelData data = buffer.extractPackage(true);
        Map<String, Object> facts = Describe.envelope(data);
        byte[] message = data.getMessage().getBytes();
        byte[] again = message;
        if (startsWith(message, COORDINATION)) {
            CoordinationMessage parsed = new CoordinationMessage(new XByteBuffer(message, false));
            boolean request = Arrays.equals(parsed.getType(), REQUEST);
            facts.putAll(Describe.coordination(
                    parsed, request ? "COORDINATION_REQUEST" : "COORDINATION_CONFIRMATION"));
            again = new CoordinationMessage(
                    parsed.getLeader(), parsed.getSource(), parsed.getMembers(), parsed.getId(), parsed.getType())
                    .getBuffer().getBytes();
        } else if ((data.getOptions() & 1) != 0) {
            facts.put("kind", "bytes");
            facts.put("message", Bytes.hex(message));
        } else {
            Serializable object = Streams.read(message);
            facts.putAll(Describe.rpc((RpcMessage) object));
            again = XByteBuffer.serialize(object);
        }
        facts.put("frame", Bytes.hex(frame(data, again)));
        return facts;
    }

    /** The frame that the library makes of a message; {@code data} gives the envelope. */
    static byte[] frame(ChannelData data, byte[] message) {
        ChannelData copy = new ChannelData(data.getUniqueId(), new XByteBuffer(message, false), data.getTimestamp());
        copy.getMessage().setLength(message.length);
        copy.setOptions(data.getOptions());
        copy.setAddress(data.getAddress());
        return XByteBuffer.createDataPackage(copy);
    }

    private static boolean startsWith(byte[] data, byte[] beginning) {
        return data.length >= beginning.length
                && Arrays.equals(Arrays.copyOf(data, beginning.length), beginning);
    }

    /** Numbers that both sides have to agree on. */
    static Map<String, Object> constants() throws Exception {
        String interceptors = "org.apache.catalina.tribes.group.interceptors.";
        Map<String, Object> facts = new LinkedHashMap<>();
        Object[][] wanted = {
            {"acknowledgement", "org.apache.catalina.tribes.transport.Constants", "ACK_COMMAND"},
            {"negative acknowledgement", "org.apache.catalina.tribes.transport.Constants", "FAIL_ACK_COMMAND"},
            {"PROBE", interceptors + "TcpFailureDetector", "TCP_FAIL_DETECT"},
            {"PING", interceptors + "TcpPingInterceptor", "TCP_PING_DATA"},
            {"ALIVE", interceptors + "NonBlockingCoordinator", "COORD_ALIVE"},
            {"MEMBER_START", interceptors + "StaticMembershipInterceptor", "MEMBER_START"},
            {"MEMBER_STOP", interceptors + "StaticMembershipInterceptor", "MEMBER_STOP"},
            {"coordination", interceptors + "NonBlockingCoordinator", "COORD_HEADER"},
            {"REQUEST", interceptors + "NonBlockingCoordinator", "COORD_REQUEST"},
            {"CONFIRMATION", interceptors + "NonBlockingCoordinator", "COORD_CONF"},
        };
        for (Object[] each : wanted) {
            Class<?> owner = Class.forName((String) each[1]);
            facts.put((String) each[0], Bytes.hex((byte[]) Private.constant(owner, (String) each[2])));
        }
        return facts;
    }
}

package interop;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.axis2.clustering.control.GetConfigurationCommand;
import org.apache.axis2.clustering.control.GetConfigurationResponseCommand;
import org.apache.axis2.clustering.control.GetStateCommand;
import org.apache.axis2.clustering.control.GetStateResponseCommand;
import org.apache.axis2.clustering.control.wka.JoinGroupCommand;
import org.apache.axis2.clustering.control.wka.MemberJoinedCommand;
import org.apache.axis2.clustering.control.wka.MemberListCommand;
import org.apache.axis2.clustering.state.StateClusteringCommand;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.UniqueId;
import org.apache.catalina.tribes.group.RpcFields;
import org.apache.catalina.tribes.group.RpcMessage;
import org.apache.catalina.tribes.group.interceptors.NonBlockingCoordinator.CoordinationMessage;
import org.apache.catalina.tribes.io.ChannelData;
import org.apache.catalina.tribes.io.XByteBuffer;
import org.apache.catalina.tribes.membership.MemberImpl;
import org.apache.catalina.tribes.membership.StaticMember;

/** Frames that the library makes of messages that a seed makes up. */
final class Samples {
    private static final int KINDS = 12;
    private static final byte[] CONFIRMATION = (byte[]) Private.constant(
            org.apache.catalina.tribes.group.interceptors.NonBlockingCoordinator.class, "COORD_CONF");

    private final Random random;

    Samples(long seed) {
        random = new Random(seed);
    }

    /** One JSON object a frame: the frame, and the library's own reading of it. */
    void print(int count) throws Exception {
        for (int index = 0; index < count; index++) {
            byte[] frame = frame(index % KINDS);
            Map<String, Object> facts = Frames.describe(frame);
            facts.put("frame", Bytes.hex(frame));
            System.out.println(Json.write(facts));
        }
    }

    private byte[] frame(int kind) throws IOException {
        ChannelData data = new ChannelData(bytes(16), null, random.nextLong());
        data.setAddress(member(false));
        // Bit 1 says bytes or object; bit 512 would make the last four bytes a number.
        data.setOptions(kind == 0 ? 1 : random.nextInt() & ~1 & ~512);
        return Frames.frame(data, message(kind));
    }

    private byte[] message(int kind) throws IOException {
        byte[] id = bytes(16);
        byte[] channel = text().getBytes(StandardCharsets.UTF_8);
        switch (kind) {
            case 0:
                return bytes(random.nextInt(200));
            case 1:
                byte[] type = random.nextBoolean() ? Frames.REQUEST : CONFIRMATION;
                return new CoordinationMessage(member(false), member(false), members(false), new UniqueId(id), type)
                        .getBuffer().getBytes();
            case 2:
                return XByteBuffer.serialize(new RpcMessage.NoRpcChannelReply(channel, id));
            default:
                return XByteBuffer.serialize(RpcFields.message(random.nextBoolean(), id, channel, payload(kind)));
        }
    }

    private Serializable payload(int kind) throws IOException {
        switch (kind) {
            case 3:
                return text();
            case 4:
                return new JoinGroupCommand();
            case 5:
                MemberListCommand list = new MemberListCommand();
                list.setMembers(members(true));
                return list;
            case 6:
                MemberJoinedCommand joined = new MemberJoinedCommand();
                joined.setMember(member(random.nextBoolean()));
                return joined;
            case 7:
                return new GetConfigurationCommand();
            case 8:
                GetConfigurationResponseCommand response = new GetConfigurationResponseCommand();
                String[] groups = new String[random.nextInt(4)];
                for (int index = 0; index < groups.length; index++) {
                    groups[index] = "group " + text();
                }
                response.setServiceGroups(groups);
                return response;
            case 9:
                return new GetStateCommand();
            case 10:
                GetStateResponseCommand state = new GetStateResponseCommand();
                state.setCommands(random.nextBoolean() ? new StateClusteringCommand[0] : null);
                return state;
            default:
                return null;
        }
    }

    private Member[] members(boolean someStatic) throws IOException {
        Member[] members = new Member[random.nextInt(5)];
        for (int index = 0; index < members.length; index++) {
            members[index] = member(someStatic && random.nextBoolean());
        }
        return members;
    }

    private MemberImpl member(boolean isStatic) throws IOException {
        MemberImpl member = isStatic ? new StaticMember() : new MemberImpl();
        member.setHost(bytes(4));
        member.setPort(random.nextInt(65536));
        member.setDomain(text().getBytes(StandardCharsets.UTF_8));
        member.setUniqueId(bytes(16));
        member.setCommand(bytes(random.nextInt(5)));
        member.setPayload(random.nextInt(4) == 0 ? "ping".getBytes(StandardCharsets.US_ASCII) : payload());
        member.setSecurePort(random.nextInt(65537) - 1);
        member.setUdpPort(random.nextInt(65537) - 1);
        // The age is the time at encoding less this; reading it back makes the number the one on the wire.
        return (MemberImpl) MemberImpl.getMember(member.getData(true), isStatic ? new StaticMember() : new MemberImpl());
    }

    private byte[] payload() throws IOException {
        Properties properties = new Properties();
        for (int count = random.nextInt(6); count > 0; count--) {
            properties.setProperty(text(), text());
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        properties.store(out, "");
        return out.toByteArray();
    }

    private byte[] bytes(int count) {
        byte[] data = new byte[count];
        random.nextBytes(data);
        return data;
    }

    /** Mostly plain, at times with what needs an escape or more than a byte. */
    private String text() {
        String plain = "abc.xyz:=#! \\\t\n\r\f~";
        String odd = "\u0000\u0001\u007f\u00e4\u20ac\ud83d\ude00";
        StringBuilder out = new StringBuilder();
        for (int count = random.nextInt(12); count > 0; count--) {
            String from = random.nextInt(6) == 0 ? odd : plain;
            out.appendCodePoint(from.codePointAt(from.offsetByCodePoints(0, random.nextInt(
                    from.codePointCount(0, from.length())))));
        }
        return out.toString();
    }
}

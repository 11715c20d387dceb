package interop;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.axis2.clustering.control.GetConfigurationCommand;
import org.apache.axis2.clustering.control.GetConfigurationResponseCommand;
import org.apache.axis2.clustering.control.GetStateCommand;
import org.apache.axis2.clustering.control.GetStateResponseCommand;
import org.apache.axis2.clustering.control.wka.JoinGroupCommand;
import org.apache.axis2.clustering.control.wka.MemberJoinedCommand;
import org.apache.axis2.clustering.control.wka.MemberListCommand;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.group.RpcFields;
import org.apache.catalina.tribes.group.RpcMessage;
import org.apache.catalina.tribes.group.interceptors.NonBlockingCoordinator.CoordinationMessage;
import org.apache.catalina.tribes.io.ChannelData;
import org.apache.catalina.tribes.membership.StaticMember;

/** What the library made of a message, in the words that wkasim uses for its own reading. */
final class Describe {
    private Describe() {
    }

    static Map<String, Object> envelope(ChannelData data) throws IOException {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("options", Integer.toUnsignedLong(data.getOptions()));
        facts.put("timestamp_ms", data.getTimestamp());
        facts.put("message_id", Bytes.hex(data.getUniqueId()));
        facts.put("sender", member(data.getAddress()));
        return facts;
    }

    static Map<String, Object> member(Member member) throws IOException {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("host", host(member.getHost()));
        facts.put("port", member.getPort());
        facts.put("domain", new String(member.getDomain(), StandardCharsets.UTF_8));
        facts.put("alive_ms", member.getMemberAliveTime());
        facts.put("secure_port", member.getSecurePort());
        facts.put("udp_port", member.getUdpPort());
        facts.put("command", Bytes.hex(member.getCommand()));
        facts.put("unique_id", Bytes.hex(member.getUniqueId()));
        facts.put("payload", new String(member.getPayload(), StandardCharsets.ISO_8859_1));
        facts.put("properties", properties(member.getPayload()));
        facts.put("static", member instanceof StaticMember);
        return facts;
    }

    static Map<String, Object> coordination(CoordinationMessage message, String type) throws IOException {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("kind", "coordination");
        facts.put("label", type);
        facts.put("leader", member(message.getLeader()));
        facts.put("source", member(message.getSource()));
        facts.put("members", members(message.getMembers()));
        facts.put("view_id", Bytes.hex(message.getId().getBytes()));
        return facts;
    }

    static Map<String, Object> rpc(RpcMessage message) throws IOException {
        RpcFields fields = new RpcFields(message);
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("kind", "rpc");
        boolean nobody = message instanceof RpcMessage.NoRpcChannelReply;
        facts.put("label", nobody ? "NO_RPC_CHANNEL" : label(fields.payload));
        facts.put("reply", fields.reply);
        facts.put("rpc_id", Bytes.hex(fields.id));
        facts.put("channel", new String(fields.channel, StandardCharsets.ISO_8859_1));
        if (fields.payload instanceof String) {
            facts.put("text", fields.payload);
        } else if (fields.payload instanceof MemberListCommand) {
            facts.put("members", members(((MemberListCommand) fields.payload).getMembers()));
        } else if (fields.payload instanceof MemberJoinedCommand) {
            facts.put("members", members(new Member[] {((MemberJoinedCommand) fields.payload).getMember()}));
        } else if (fields.payload instanceof GetConfigurationResponseCommand) {
            Object groups = Private.get(fields.payload, "serviceGroups");
            if (groups != null) {
                facts.put("service_groups", Arrays.asList((Object[]) groups));
            }
        } else if (fields.payload instanceof GetStateResponseCommand) {
            Object commands = Private.get(fields.payload, "commands");
            if (commands != null) {
                facts.put("classes", Arrays.asList((Object[]) commands));
            }
        }
        return facts;
    }

    private static String label(Serializable payload) {
        if (payload == null) {
            return "EMPTY";
        } else if (payload instanceof String) {
            return "TEXT";
        } else if (payload instanceof JoinGroupCommand) {
            return "JOIN";
        } else if (payload instanceof MemberListCommand) {
            return "MEMBER_LIST";
        } else if (payload instanceof MemberJoinedCommand) {
            return "MEMBER_JOINED";
        } else if (payload instanceof GetConfigurationCommand) {
            return "GET_CONFIGURATION";
        } else if (payload instanceof GetConfigurationResponseCommand) {
            return "GET_CONFIGURATION_RESPONSE";
        } else if (payload instanceof GetStateCommand) {
            return "GET_STATE";
        }
        return payload instanceof GetStateResponseCommand ? "GET_STATE_RESPONSE" : "OBJECT";
    }

    private static List<Object> members(Member[] members) throws IOException {
        List<Object> described = new ArrayList<>();
        for (Member member : members) {
            described.add(member(member));
        }
        return described;
    }

    private static String host(byte[] host) {
        StringBuilder out = new StringBuilder();
        for (byte octet : host) {
            out.append(out.length() == 0 ? "" : ".").append(octet & 0xFF);
        }
        return out.toString();
    }

    private static Map<String, Object> properties(byte[] payload) throws IOException {
        if (Arrays.equals(payload, "ping".getBytes(StandardCharsets.US_ASCII))) {
            return null;
        }
        Properties properties = new Properties();
        properties.load(new ByteArrayInputStream(payload));
        Map<String, Object> sorted = new TreeMap<>();
        for (String key : properties.stringPropertyNames()) {
            sorted.put(key, properties.getProperty(key));
        }
        return sorted;
    }
}

package org.apache.catalina.tribes.group;

import java.io.Serializable;

/** Looks into Tribes' RpcMessage, whose fields only its own package sees. */
public final class RpcFields {
    public final boolean reply;
    public final byte[] id;
    public final byte[] channel;
    public final Serializable payload;

    public RpcFields(RpcMessage message) {
        reply = message.reply;
        id = message.uuid;
        channel = message.rpcId;
        payload = message.message;
    }

    /** A message as the library would make it. */
    public static RpcMessage message(boolean reply, byte[] id, byte[] channel, Serializable payload) {
        RpcMessage message = new RpcMessage(channel, id, payload);
        message.reply = reply;
        return message;
    }
}

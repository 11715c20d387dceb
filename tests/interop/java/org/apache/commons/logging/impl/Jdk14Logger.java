package org.apache.commons.logging.impl;

import java.io.Serializable;
import org.apache.commons.logging.Log;

/** The logger that travels inside every JOIN. */
public class Jdk14Logger implements Log, Serializable {
    private static final long serialVersionUID = 4784713551416303804L;

    protected String name;

    public Jdk14Logger(String name) {
        this.name = name;
    }
}

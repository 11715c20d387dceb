package org.apache.axis2.clustering.control;

import org.apache.axis2.clustering.ClusteringCommand;

/** The top of the commands that the members of a cluster exchange. */
public abstract class ControlCommand extends ClusteringCommand {
    private static final long serialVersionUID = -1752750465427515080L;
}

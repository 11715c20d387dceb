package org.apache.axis2.clustering.state;

import org.apache.axis2.clustering.ClusteringCommand;

/** The top of the commands that carry state. */
public abstract class StateClusteringCommand extends ClusteringCommand {
    private static final long serialVersionUID = 1L;
}

package org.apache.axis2.context;

/** Axis2's context, a parameter of every command and otherwise unused here. */
public class ConfigurationContext {
}

"""wkasim simulates the well-known-address cluster membership of WSO2 and Axis2, and checks what it logs."""

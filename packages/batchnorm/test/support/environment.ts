/**
 * Before every test file in Node: programs that tests start write words without colour, also where continuous
 * integration asks for it.
 */
delete process.env.CI;
delete process.env.FORCE_COLOR;
process.env.NO_COLOR = "1";

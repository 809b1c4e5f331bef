#[test]fn x(){}

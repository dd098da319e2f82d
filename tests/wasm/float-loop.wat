  (func $main (;3;) (type 3)
    (local i64 f64 f64)
    i64.const 0
    f64.const 0x0p+0 (;=0;)
    f64.const 0x0p+0 (;=0;)
    local.set 2
    local.set 1
    local.set 0
    loop ;; label = @1
      local.get 1
      local.get 2
      local.get 2
      f64.mul
      f64.const 0x1.0624dd2f1a9fcp-10 (;=0.001;)
      f64.mul
      f64.add
      local.set 1
      local.get 2
      f64.const 0x1.0624dd2f1a9fcp-10 (;=0.001;)
      f64.add
      local.set 2
      local.get 0
      i64.const 1
      i64.add
      local.tee 0
      i64.const 1000
      i64.lt_s
      br_if 0 (;@1;)
    end
    local.get 1
    call $runtime.print_float
    call $runtime.print_newline
  )
